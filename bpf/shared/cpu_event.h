/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Live samples and counters of the CPU profiler; its stacks are in stack_event.h. */
#ifndef SONDE_CPU_EVENT_H
#define SONDE_CPU_EVENT_H

#include "wire.h"

/* One sample of a stack, for live events only. */
struct sonde_sample_record {
	struct sonde_record_header header;
	__u64 key; /* of its stack */
	__u32 cpu;
	__u32 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_sample_record) == 32, "wire layout");

/* Per CPU; each field is written by the sampling program only. */
struct sonde_cpu_counters {
	__u64 seen; /* samples taken while the gate was not closed */
	__u64 filtered_target;
	__u64 filtered_self;
	__u64 filtered_paused;
	__u64 filtered_limit; /* after max_samples */
	__u64 recorded;	      /* in the count map */
	__u64 lost_map_full;  /* no room for a new stack in the count map */
	__u64 unsent;	      /* recorded, but the ring had no room for the live event */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_cpu_counters) == 64, "wire layout");

#endif
