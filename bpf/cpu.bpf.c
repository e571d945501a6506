// SPDX-License-Identifier: GPL-2.0-only
/* CPU profiler: on each tick of a perf event, counts the current stack. */
#include "include/kernel_types.bpf.h"
#include "include/gate.bpf.h"
#include "include/filter.bpf.h"
#include "include/target_cache.bpf.h"
#include "include/stack_counts.bpf.h"
#include "include/ksym.bpf.h"
#include "shared/cpu_event.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 max_samples = ~0ull;
/* How many samples a CPU records before it tells the others; a power of two. */
const volatile __u64 sample_batch = 1;
/* Also send each sample, for live events. */
const volatile bool send_samples = false;

/* Samples recorded by all CPUs, for max_samples. Raised by whole batches, since CPUs that write to
 * the same memory wait for each other, and checked before it is raised: each CPU may pass the limit
 * by a batch. */
volatile __u64 cpu_recorded = 0;
/* When the limit was met; 0 if it was not. */
volatile __u64 cpu_limit_time_ns = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_cpu_counters);
} counters SEC(".maps");

static __always_inline void send_sample(struct sonde_cpu_counters *c, __u64 key)
{
	struct sonde_sample_record record = {
	    .header =
		{
		    .kind = SONDE_RECORD_SAMPLE,
		    .version = SONDE_WIRE_VERSION,
		    .length = sizeof(record),
		    .time_ns = bpf_ktime_get_ns(),
		},
	    .key = key,
	    .cpu = bpf_get_smp_processor_id(),
	};

	if (bpf_ringbuf_output(&stacks, &record, sizeof(record), BPF_RB_NO_WAKEUP))
		c->unsent++;
}

/* The stack of a tick that met user mode has no part in the kernel. */
static __always_inline __u32 stack_parts(void *ctx)
{
#ifdef __TARGET_ARCH_x86
	/* struct bpf_perf_event_data begins with the registers as ptrace shows them; a program
	 * reads whole words of them. The low bits of cs are the privilege level. */
	if (*(volatile __u64 *)(ctx + PTRACE_CS_OFFSET) & 3)
		return STACK_USER;
#endif
	return STACK_BOTH;
}

/* `cfi`: kernels that unwind by call frame information also let programs read the task's members,
 * which costs a tenth of what the helper does that reads any memory. */
static __always_inline int sample(void *ctx, bool cfi)
{
	struct task_struct *task = cfi ? bpf_get_current_task_btf() : filter_current();
	struct sonde_cpu_counters *c;
	struct stack_buffer *buffer;
	__u32 zero = 0, tgid, tid;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return 0;
	c = bpf_map_lookup_elem(&counters, &zero);
	if (!c)
		return 0;
	c->seen++;
	if (sonde_gate == SONDE_GATE_PAUSED) {
		c->filtered_paused++;
		return 0;
	}
	tgid = cfi ? filter_trusted_tgid(task) : filter_tgid_of(task);
	if (tgid == filter_self_tgid) {
		c->filtered_self++;
		return 0;
	}
	if (!tgid || target_state(tgid) != SONDE_TARGET_TRACED || !filter_passes_rest(task)) {
		c->filtered_target++;
		return 0;
	}
	if (cpu_recorded >= max_samples) {
		if (!cpu_limit_time_ns)
			cpu_limit_time_ns = bpf_ktime_get_ns();
		c->filtered_limit++;
		return 0;
	}

	tid = cfi ? filter_trusted_pid(task) : filter_pid_of(task);
	if (!stack_counts_add(ctx, tgid, tid, 0, 1, stack_parts(ctx), cfi)) {
		c->lost_map_full++;
		return 0;
	}
	c->recorded++;
	if (!(c->recorded & (sample_batch - 1)))
		__sync_fetch_and_add(&cpu_recorded, sample_batch);
	if (send_samples) {
		buffer = bpf_map_lookup_elem(&scratch, &zero);
		if (buffer)
			send_sample(c, buffer->record.key);
	}
	return 0;
}

SEC("?perf_event")
int cpu_sample(void *ctx)
{
	return sample(ctx, false);
}

/* Instead of the one above where call frame information can be used. */
SEC("?perf_event")
int cpu_sample_cfi(void *ctx)
{
	return sample(ctx, true);
}
