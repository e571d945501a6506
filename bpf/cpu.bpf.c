// SPDX-License-Identifier: GPL-2.0-only
/* CPU profiler: on each tick of a perf event, counts the current stack. */
#include "include/kernel_types.bpf.h"
#include "include/gate.bpf.h"
#include "include/filter.bpf.h"
#include "include/stack_counts.bpf.h"
#include "include/ksym.bpf.h"
#include "shared/cpu_event.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 max_samples = ~0ull;
/* Also send each sample, for live events. */
const volatile bool send_samples = false;

/* Samples recorded by all CPUs, for max_samples. Checked before it is raised, so CPUs that tick at
 * the same instant may pass the limit by one each. */
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

static __always_inline int sample(void *ctx, bool cfi)
{
	struct task_struct *task = filter_current();
	struct sonde_cpu_counters *c;
	struct stack_buffer *buffer;
	__u32 zero = 0, tgid;

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

	if (!stack_counts_add(ctx, task, tgid, filter_pid_of(task), 0, 1, STACK_BOTH, cfi)) {
		c->lost_map_full++;
		return 0;
	}
	c->recorded++;
	__sync_fetch_and_add(&cpu_recorded, 1);
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
