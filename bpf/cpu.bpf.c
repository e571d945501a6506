// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU profiler: on each tick of a perf event, names the current stack by a hash and counts it. A
 * stack is sent to user space once per drain; after that only its count moves.
 */
#include "include/kernel_types.bpf.h"
#include "include/gate.bpf.h"
#include "include/filter.bpf.h"
#include "include/stack.bpf.h"
#include "include/ksym.bpf.h"
#include "shared/cpu_event.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 max_samples = ~0ull;

/* Samples recorded by all CPUs, for max_samples. Checked before it is raised, so CPUs that tick at
 * the same instant may pass the limit by one each. */
volatile __u64 cpu_recorded = 0;
/* When the limit was met; 0 if it was not. */
volatile __u64 cpu_limit_time_ns = 0;

struct count_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set by user space */
	__type(key, __u64);
	__type(value, __u64);
};

struct count_map counts_a SEC(".maps");
struct count_map counts_b SEC(".maps");

/* User space swaps the inner map to drain it: the swap returns after an RCU grace period, so no
 * program still writes to the map that was taken out (maybe_wait_bpf_programs() in
 * kernel/bpf/syscall.c). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct count_map);
} counts SEC(".maps") = {
    .values = {&counts_a},
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* set by user space */
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_cpu_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_buffer);
} scratch SEC(".maps");

/* Program images whose mappings user space has been told to read. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);   /* tgid */
	__type(value, __u32); /* exec id */
} announced SEC(".maps");

/* The first stack of a program image wakes user space at once, to read its mappings while it lives.
 */
static __always_inline __u64 wakeup_flag(__u32 tgid, __u32 exec_id)
{
	__u32 *known = bpf_map_lookup_elem(&announced, &tgid);

	if (known && *known == exec_id)
		return BPF_RB_NO_WAKEUP;
	bpf_map_update_elem(&announced, &tgid, &exec_id, BPF_ANY);
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void send_stack(struct stack_buffer *buffer, struct sonde_cpu_counters *c,
				       __u32 exec_id)
{
	struct sonde_stack_record *record = &buffer->record;
	__u64 size =
	    sizeof(*record) + (record->kernel_frames + record->user_frames) * sizeof(__u64);

	if (size > sizeof(*buffer))
		return;
	record->header.kind = SONDE_RECORD_STACK;
	record->header.version = SONDE_WIRE_VERSION;
	record->header.length = size;
	record->header.time_ns = bpf_ktime_get_ns();
	if (bpf_ringbuf_output(&stacks, buffer, size, wakeup_flag(record->tgid, exec_id)))
		c->ring_full++;
}

static __always_inline void record_sample(struct stack_buffer *buffer, struct sonde_cpu_counters *c,
					  __u32 exec_id)
{
	__u32 zero = 0;
	__u64 one = 1;
	__u64 *count;
	void *map = bpf_map_lookup_elem(&counts, &zero);
	long error;

	if (!map)
		return;
	count = bpf_map_lookup_elem(map, &buffer->record.key);
	if (!count) {
		error = bpf_map_update_elem(map, &buffer->record.key, &one, BPF_NOEXIST);
		if (!error) {
			send_stack(buffer, c, exec_id);
			goto recorded;
		}
		/* Another CPU may have inserted it meanwhile. */
		count = bpf_map_lookup_elem(map, &buffer->record.key);
		if (!count) {
			c->lost_map_full++;
			return;
		}
	}
	__sync_fetch_and_add(count, 1);
recorded:
	c->recorded++;
	__sync_fetch_and_add(&cpu_recorded, 1);
}

SEC("?perf_event")
int cpu_sample(void *ctx)
{
	struct task_struct *task = filter_current();
	struct sonde_cpu_counters *c;
	struct stack_buffer *buffer;
	__u32 zero = 0, tgid, exec_id;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return 0;
	c = bpf_map_lookup_elem(&counters, &zero);
	buffer = bpf_map_lookup_elem(&scratch, &zero);
	if (!c || !buffer)
		return 0;
	c->seen++;
	if (sonde_gate == SONDE_GATE_PAUSED) {
		c->filtered_paused++;
		return 0;
	}
	tgid = filter_tgid_of(task);
	if (tgid == filter_self_tgid) {
		c->filtered_self++;
		return 0;
	}
	if (!tgid || !filter_passes(task, tgid)) {
		c->filtered_target++;
		return 0;
	}
	if (cpu_recorded >= max_samples) {
		if (!cpu_limit_time_ns)
			cpu_limit_time_ns = bpf_ktime_get_ns();
		c->filtered_limit++;
		return 0;
	}

	exec_id = (__u32)BPF_CORE_READ(task, self_exec_id);
	buffer->record.tgid = tgid;
	buffer->record.tid = filter_pid_of(task);
	bpf_get_current_comm(buffer->record.comm, sizeof(buffer->record.comm));
	stack_capture(ctx, buffer, BPF_CORE_READ(task, mm) != NULL);
	buffer->record.key = stack_key(buffer, exec_id);
	record_sample(buffer, c, exec_id);
	return 0;
}
