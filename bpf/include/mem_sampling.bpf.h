/* SPDX-License-Identifier: GPL-2.0-only */
/* Samples changes of memory by their bytes, so that few of them have their stack taken. */
#ifndef SONDE_MEM_SAMPLING_BPF_H
#define SONDE_MEM_SAMPLING_BPF_H

#include "kernel_types.bpf.h"
#include "byte_sampling.bpf.h"
#include "mem_rss.bpf.h"
#include "../shared/mem_event.h"
#include <bpf/bpf_helpers.h>

/* Mean bytes from one sample to the next; 1: every change. Set by user space before load. */
const volatile __u64 mem_distance = 1;

/* Whether the CPU's next sample is further away than these bytes, which most changes end with. */
static __always_inline bool mem_is_between_samples(struct mem_cpu *here, __u64 bytes)
{
	if (here->gap.distance != mem_distance || here->gap.left < bytes)
		return false;
	here->gap.left -= bytes;
	return true;
}

/*
 * How many bytes a change counts for, 0 if it is not sampled. Two that meet on a CPU may both take
 * what is left of its gap: as likely for every stack.
 * No part of its callers: see mem_space_learn().
 */
static __noinline __u64 mem_sampled_bytes(struct mem_cpu *here, __u32 what, __u64 bytes)
{
	struct sampling_estimate estimate;

	if (!here || !sampling_take(&here->gap, bytes, mem_distance))
		return 0;
	sampling_scale_up(&estimate, bytes, mem_distance);
	if (what == SONDE_MEM_GROWTH)
		here->counters.growth_variance += estimate.variance;
	return estimate.bytes >> SONDE_SAMPLING_BYTE_BITS;
}

#endif
