/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples changes of memory by their bytes, so that few of them have their stack taken. */
#ifndef SONDE_MEM_SAMPLING_BPF_H
#define SONDE_MEM_SAMPLING_BPF_H

#include "kernel_types.bpf.h"
#include "byte_sampling.bpf.h"
#include "../shared/mem_event.h"
#include <bpf/bpf_helpers.h>

/* Mean bytes from one sample to the next; 1: every change. Set by user space before load. */
const volatile __u64 mem_distance = 1;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sampling_gap);
} mem_gaps SEC(".maps");

/*
 * How many bytes a change counts for, 0 if it is not sampled. Two that meet on a CPU may both take
 * what is left of its gap: as likely for every stack.
 * No part of its callers: see mem_space_learn().
 */
static __noinline __u64 mem_sampled_bytes(__u32 what, __u64 bytes, struct sonde_mem_counters *c)
{
	struct sampling_estimate estimate;
	struct sampling_gap *gap;
	__u32 zero = 0;

	gap = bpf_map_lookup_elem(&mem_gaps, &zero);
	if (!gap || !c || !sampling_take(gap, bytes, mem_distance))
		return 0;
	sampling_scale_up(&estimate, bytes, mem_distance);
	if (what == SONDE_MEM_GROWTH)
		c->growth_variance += estimate.variance;
	return estimate.bytes >> SONDE_SAMPLING_BYTE_BITS;
}

#endif
