/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocation lane: breakpoints in the functions of allocators. A call is looked at where it
 * begins; only where it is sampled, or resizes what was sampled, its return is waited for. The
 * programs run with preemption on (uprobe_prog_run() in kernel/trace/bpf_trace.c), so that another
 * thread's may run on the same CPU in the middle of one.
 */
#ifndef SONDE_ALLOC_BPF_H
#define SONDE_ALLOC_BPF_H

#include "kernel_types.bpf.h"
#include "alloc_cost.bpf.h"
#include "alloc_events.bpf.h"
#include "alloc_frame.bpf.h"
#include "byte_sampling.bpf.h"
#include "filter.bpf.h"
#include "gate.bpf.h"
#include "stack_counts.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Keep what is sampled until it is freed. */
const volatile bool alloc_live = false;

/* Mean bytes from one sample to the next; 1: every call. Raised by user space where tracing costs
 * too much. */
volatile __u64 alloc_distance = 1;

struct alloc_cpu {
	struct sampling_gap gap;
	struct alloc_frame last;
	struct filter_cache target;
	__u32 taking_stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct alloc_cpu);
} alloc_cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_alloc_counters);
} alloc_counters SEC(".maps");

/* By the key of the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by user space */
	__type(key, __u64);
	__type(value, struct sonde_alloc_site);
} alloc_sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* set by user space */
	__type(key, struct sonde_alloc_key);
	__type(value, struct sonde_alloc_live);
} alloc_lives SEC(".maps");

/* The call whose return a thread is waited for at. */
struct alloc_begun {
	__u64 frame; /* where its return address is */
	__u64 store; /* where posix_memalign() puts the memory */
	__u64 size;
	__u64 distance;
	__u64 site;
	struct sonde_alloc_live old; /* what it resizes */
	__u64 old_address;
	__u8 active;
	__u8 sampled;
	__u8 resizes;
	__u8 call; /* SONDE_ALLOC_* */
	__u32 function;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct alloc_begun);
} alloc_begun_calls SEC(".maps");

static __always_inline void alloc_count(__u64 *counter, __u64 more)
{
	__sync_fetch_and_add(counter, more);
}

#define ALLOC_TOO_MUCH ~0ull /* no address space has so many bytes: the call fails */

static __always_inline __u64 alloc_product(__u64 a, __u64 b)
{
	__u64 small = a < b ? a : b, large = a < b ? b : a;

	/* Of what is below, no step overflows, and all that is cut off is 2^48 bytes or more. */
	if (large >> 48 || small >> 24 || small * (large >> 24) >> 24)
		return ALLOC_TOO_MUCH;
	return small * large;
}

static __always_inline __u64 alloc_size(struct pt_regs *ctx, __u32 call)
{
	switch (call) {
	case SONDE_ALLOC_SIZE:
		return ctx->di;
	case SONDE_ALLOC_PRODUCT:
		return alloc_product(ctx->di, ctx->si);
	case SONDE_ALLOC_ALIGNED:
	case SONDE_ALLOC_RESIZE:
		return ctx->si;
	case SONDE_ALLOC_STORE:
		return ctx->dx;
	}
	return alloc_product(ctx->si, ctx->dx);
}

static __always_inline bool alloc_resizes(__u32 call)
{
	return call == SONDE_ALLOC_RESIZE || call == SONDE_ALLOC_RESIZE_PRODUCT;
}

static __always_inline void alloc_make_key(struct sonde_alloc_key *key, struct task_struct *task,
					   __u64 address)
{
	key->address = address;
	key->tgid = (__u32)task->tgid;
	key->exec_id = (__u32)task->self_exec_id;
}

static __always_inline void alloc_add_freed(const struct sonde_alloc_live *live)
{
	struct sonde_alloc_site *site = bpf_map_lookup_elem(&alloc_sites, &live->site);

	if (!site)
		return;
	__sync_fetch_and_add(&site->freed_count, 1);
	__sync_fetch_and_add(&site->freed_estimated_count, live->estimated_count);
	__sync_fetch_and_add(&site->freed_estimated_bytes, live->estimated_bytes);
}

/* Takes what was sampled at this address out of the live ones. */
static __always_inline bool alloc_take_live(struct task_struct *task, __u64 address,
					    struct sonde_alloc_live *taken)
{
	struct sonde_alloc_live *live;
	struct sonde_alloc_key key;

	alloc_make_key(&key, task, address);
	live = bpf_map_lookup_elem(&alloc_lives, &key);
	if (!live)
		return false;
	*taken = *live;
	return !bpf_map_delete_elem(&alloc_lives, &key);
}

static __always_inline void alloc_tell(struct sonde_alloc_counters *c, __u32 kind,
				       struct task_struct *task, __u32 function, __u64 site,
				       __u64 address, __u64 bytes)
{
	if (!alloc_send_event(kind, task, function, site, address, bytes))
		alloc_count(&c->events_lost, 1);
}

/* A function of its own for the stack: see mem_space_learn(). */
static __noinline void alloc_release(struct sonde_alloc_counters *c, struct task_struct *task,
				     __u64 address, __u32 function)
{
	struct sonde_alloc_live taken;

	alloc_count(&c->releases, 1);
	if (!alloc_take_live(task, address, &taken)) {
		alloc_count(&c->filtered_untracked, 1);
		return;
	}
	alloc_count(&c->freed, 1);
	alloc_add_freed(&taken);
	alloc_tell(c, SONDE_RECORD_ALLOC_FREE, task, function, 0, address, taken.bytes);
}

/* Whether the call is one to trace. */
static __always_inline bool alloc_passes(struct sonde_alloc_counters *c, struct alloc_cpu *cpu,
					 struct task_struct *task, __u64 cookie)
{
	__u32 tgid;

	alloc_count(&c->seen, 1);
	if (SONDE_ALLOC_STEPPED(cookie))
		alloc_count(&c->stepped, 1);
	if (sonde_gate == SONDE_GATE_PAUSED) {
		alloc_count(&c->filtered_paused, 1);
		return false;
	}
	tgid = filter_trusted_tgid(task);
	if (tgid == filter_self_tgid) {
		alloc_count(&c->filtered_self, 1);
		return false;
	}
	if (!tgid ||
	    (filter_by_tgid && filter_cached_state(&cpu->target, tgid) != SONDE_TARGET_TRACED) ||
	    !filter_passes_rest(task)) {
		alloc_count(&c->filtered_target, 1);
		return false;
	}
	if (!alloc_window) {
		alloc_count(&c->filtered_window, 1);
		return false;
	}
	return true;
}

/* Since fc7566ad0a82 ("bpf: Introduce bpf_preempt_[disable,enable] kfuncs"), which all kernels with
 * sessions have. */
void bpf_preempt_disable(void) __ksym __weak;
void bpf_preempt_enable(void) __ksym __weak;

/* Gives the site of the current stack; 0 if there is none. */
static __always_inline __u64 alloc_find_site(void *ctx, struct sonde_alloc_counters *c,
					     const struct alloc_frame *frame,
					     struct task_struct *task, bool cfi)
{
	static const struct sonde_alloc_site empty;
	struct stack_taken taken = {};
	__u32 tgid = filter_trusted_tgid(task);
	__u64 key;

	if (cfi)
		unwind_from_head(frame->return_to, frame->address + 8);
	if (!stack_take(ctx, &taken, tgid, tgid, 0, STACK_USER, cfi)) {
		alloc_count(&c->lost_no_memory, 1);
		return 0;
	}
	key = taken.buffer->record.key;
	if (bpf_map_lookup_elem(&alloc_sites, &key))
		return key;
	if (!bpf_map_update_elem(&alloc_sites, &key, &empty, BPF_NOEXIST)) {
		stack_announce(&taken);
	} else if (!bpf_map_lookup_elem(&alloc_sites, &key)) {
		alloc_count(&c->lost_sites_full, 1);
		return 0;
	}
	return key;
}

/* The same, while nothing else uses this CPU's buffers. `session`: as the program's. */
static __always_inline __u64 alloc_take_site(void *ctx, struct sonde_alloc_counters *c,
					     struct alloc_cpu *cpu, const struct alloc_frame *frame,
					     struct task_struct *task, bool session, bool cfi)
{
	__u64 key;

	if (session) {
		bpf_preempt_disable();
		key = alloc_find_site(ctx, c, frame, task, cfi);
		bpf_preempt_enable();
		return key;
	}
	/* A program that was preempted here holds them. */
	if (cpu->taking_stack) {
		alloc_count(&c->lost_busy, 1);
		return 0;
	}
	cpu->taking_stack = 1;
	key = alloc_find_site(ctx, c, frame, task, cfi);
	cpu->taking_stack = 0;
	return key;
}

/* A function of the allocator is called. Whether to wait for its return. */
static __always_inline bool alloc_enter_call(struct pt_regs *ctx, __u64 cookie, bool session,
					     bool cfi)
{
	__u64 distance, size;
	__u32 zero = 0, call = SONDE_ALLOC_CALL(cookie);
	struct sonde_alloc_counters *c;
	struct alloc_begun *begun;
	struct alloc_frame frame = {};
	struct task_struct *task;
	struct alloc_cpu *cpu;
	bool sampled, resizes;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return false;
	c = bpf_map_lookup_elem(&alloc_counters, &zero);
	cpu = bpf_map_lookup_elem(&alloc_cpus, &zero);
	if (!c || !cpu)
		return false;
	task = bpf_get_current_task_btf();
	if (!alloc_passes(c, cpu, task, cookie))
		return false;
	frame.address = ctx->sp + 8 * SONDE_ALLOC_WORDS(cookie);
	frame.function = SONDE_ALLOC_FUNCTION(cookie);
	frame.tid = (__u32)task->pid;
	bpf_probe_read_user(&frame.return_to, sizeof(frame.return_to), (void *)frame.address);
	if (alloc_is_own_call(&frame, ctx->ip, cookie, &cpu->last)) {
		alloc_count(&c->filtered_nested, 1);
		return false;
	}
	begun = bpf_task_storage_get(&alloc_begun_calls, task, NULL, 0);
	if (begun && begun->active) {
		if (frame.address <= begun->frame &&
		    !alloc_was_left(begun->frame, alloc_trampoline(task))) {
			alloc_count(&c->filtered_nested, 1);
			return false;
		}
		begun->active = 0;
		alloc_count(&c->ended, 1);
		alloc_count(&c->lost_no_return, 1);
	}
	cpu->last = frame;
	if (call == SONDE_ALLOC_RELEASE) {
		alloc_release(c, task, ctx->di, frame.function);
		return false;
	}
	size = alloc_size(ctx, call);
	resizes = alloc_resizes(call) && ctx->di;
	/* glibc and most others free what is resized to nothing, and give nothing. */
	if (resizes && !size) {
		alloc_release(c, task, ctx->di, frame.function);
		return false;
	}
	alloc_count(&c->calls, 1);
	if (size != ALLOC_TOO_MUCH)
		alloc_count(&c->bytes, size);
	distance = alloc_distance;
	sampled = sampling_take(&cpu->gap, size, distance);
	if (!sampled && !(resizes && alloc_live)) {
		alloc_count(&c->filtered_unsampled, 1);
		return false;
	}
	begun =
	    bpf_task_storage_get(&alloc_begun_calls, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!begun) {
		alloc_count(&c->lost_no_memory, 1);
		return false;
	}
	begun->resizes = resizes && alloc_live && alloc_take_live(task, ctx->di, &begun->old);
	if (!sampled && !begun->resizes) {
		alloc_count(&c->filtered_unsampled, 1);
		return false;
	}
	begun->site = sampled ? alloc_take_site(ctx, c, cpu, &frame, task, session, cfi) : 0;
	/* What is resized is gone even so: not to know its return is better than to keep it. */
	if (sampled && !begun->site) {
		if (begun->resizes)
			alloc_add_freed(&begun->old);
		return false;
	}
	begun->frame = frame.address;
	begun->store = ctx->di;
	begun->old_address = ctx->di;
	begun->size = size;
	begun->distance = distance;
	begun->sampled = sampled;
	begun->call = call;
	begun->function = frame.function;
	begun->active = 1;
	alloc_count(&c->begun, 1);
	return true;
}

/* Where the memory is that the function gave; 0 if it gave none. */
static __always_inline __u64 alloc_given(__u64 result, const struct alloc_begun *begun)
{
	__u64 memory = 0;

	if (begun->call != SONDE_ALLOC_STORE)
		return result;
	if ((__u32)result)
		return 0;
	bpf_probe_read_user(&memory, sizeof(memory), (void *)begun->store);
	return memory;
}

static __always_inline void alloc_record(struct sonde_alloc_counters *c, struct task_struct *task,
					 const struct alloc_begun *begun, __u64 address)
{
	struct sampling_estimate estimate;
	struct sonde_alloc_live live = {}, hidden;
	struct sonde_alloc_site *site;
	struct sonde_alloc_key key;

	sampling_scale_up(&estimate, begun->size, begun->distance);
	site = bpf_map_lookup_elem(&alloc_sites, &begun->site);
	if (!site) {
		alloc_count(&c->lost_sites_full, 1);
		return;
	}
	if (alloc_live) {
		live.site = begun->site;
		live.time_ns = bpf_ktime_get_ns();
		live.estimated_count = estimate.count;
		live.estimated_bytes = estimate.bytes;
		live.bytes = begun->size;
		/* Freed by a function that is not probed, such as one of a library's own. */
		if (alloc_take_live(task, address, &hidden)) {
			alloc_count(&c->hidden_frees, 1);
			alloc_add_freed(&hidden);
		}
		alloc_make_key(&key, task, address);
		if (bpf_map_update_elem(&alloc_lives, &key, &live, BPF_ANY)) {
			alloc_count(&c->lost_live_full, 1);
			return;
		}
	}
	alloc_count(&c->recorded, 1);
	__sync_fetch_and_add(&site->count, 1);
	__sync_fetch_and_add(&site->bytes, begun->size);
	__sync_fetch_and_add(&site->estimated_count, estimate.count);
	__sync_fetch_and_add(&site->estimated_bytes, estimate.bytes);
	if (estimate.variance)
		__sync_fetch_and_add(&site->variance, estimate.variance);
	alloc_tell(c, SONDE_RECORD_ALLOC, task, begun->function, begun->site, address, begun->size);
}

static __always_inline void alloc_leave_call(struct pt_regs *ctx)
{
	struct sonde_alloc_counters *c;
	struct sonde_alloc_key key;
	struct alloc_begun *begun;
	struct task_struct *task;
	__u64 result = ctx->ax, address;
	__u32 zero = 0;

	/* Else clang may add to ctx first, which the verifier does not allow. */
	asm volatile("" : "+r"(result));
	c = bpf_map_lookup_elem(&alloc_counters, &zero);
	if (sonde_gate == SONDE_GATE_CLOSED || !c)
		return;
	alloc_count(&c->returns, 1);
	task = bpf_get_current_task_btf();
	begun = bpf_task_storage_get(&alloc_begun_calls, task, NULL, 0);
	/* The return took its address from the stack. */
	if (!begun || !begun->active || ctx->sp != begun->frame + 8)
		return;
	begun->active = 0;
	alloc_count(&c->ended, 1);
	address = alloc_given(result, begun);
	if (begun->resizes) {
		if (address) {
			alloc_add_freed(&begun->old);
			alloc_tell(c, SONDE_RECORD_ALLOC_FREE, task, begun->function, 0,
				   begun->old_address, begun->old.bytes);
		} else {
			alloc_make_key(&key, task, begun->old_address);
			bpf_map_update_elem(&alloc_lives, &key, &begun->old, BPF_NOEXIST);
		}
	}
	if (!address)
		alloc_count(&c->filtered_failed, 1);
	else if (begun->sampled)
		alloc_record(c, task, begun, address);
	else
		alloc_count(&c->freed, 1);
}

#endif
