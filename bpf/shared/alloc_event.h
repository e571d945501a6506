/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the allocation lane of the memory tracer and user space tell each other. */
#ifndef SONDE_ALLOC_EVENT_H
#define SONDE_ALLOC_EVENT_H

#include "wire.h"

/* What the arguments of an allocator's function mean; enum class AllocatorCall has the same. */
#define SONDE_ALLOC_SIZE	   0 /* malloc(a) */
#define SONDE_ALLOC_PRODUCT	   1 /* calloc(a, b) */
#define SONDE_ALLOC_ALIGNED	   2 /* aligned_alloc(alignment, b) */
#define SONDE_ALLOC_STORE	   3 /* posix_memalign(*where, alignment, c) */
#define SONDE_ALLOC_RESIZE	   4 /* realloc(memory, b) */
#define SONDE_ALLOC_RESIZE_PRODUCT 5 /* reallocarray(memory, b, c) */
#define SONDE_ALLOC_RELEASE	   6 /* free(memory) */

/*
 * Cookie of a breakpoint: what the function does (3 bits), whether the kernel executes the
 * instruction there in a single step (1 bit), the number of its name (7 bits), how far
 * rsp is below its value at the entry, in words (5 bits), and how far the allocator's own code
 * reaches below and above the breakpoint (24 bits each).
 */
#define SONDE_ALLOC_COOKIE(call, stepped, function, words, below, above)                           \
	((__u64)(call) | (__u64)(stepped) << 3 | (__u64)(function) << 4 | (__u64)(words) << 11 |   \
	 (__u64)(below) << 16 | (__u64)(above) << 40)
#define SONDE_ALLOC_CALL(cookie)     ((__u32)(cookie)&7)
#define SONDE_ALLOC_STEPPED(cookie)  ((__u32)((cookie) >> 3) & 1)
#define SONDE_ALLOC_FUNCTION(cookie) ((__u32)((cookie) >> 4) & 0x7f)
#define SONDE_ALLOC_WORDS(cookie)    ((__u32)((cookie) >> 11) & 0x1f)
#define SONDE_ALLOC_BELOW(cookie)    ((cookie) >> 16 & 0xffffff)
#define SONDE_ALLOC_ABOVE(cookie)    ((cookie) >> 40)
#define SONDE_ALLOC_MOST_FUNCTIONS   127
#define SONDE_ALLOC_MOST_WORDS	     31
#define SONDE_ALLOC_LARGEST_CODE     0xffffff

/* All that was allocated by one stack. */
struct sonde_alloc_site {
	__u64 count;	       /* sampled calls */
	__u64 bytes;	       /* of these */
	__u64 estimated_count; /* << SONDE_SAMPLING_COUNT_BITS */
	__u64 estimated_bytes; /* << SONDE_SAMPLING_BYTE_BITS */
	__u64 variance;	       /* of estimated_bytes, in units of 256 bytes squared */
	__u64 freed_count;     /* of `count` */
	__u64 freed_estimated_count;
	__u64 freed_estimated_bytes;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_alloc_site) == 64, "wire layout");

struct sonde_alloc_key {
	__u64 address;
	__u32 tgid;
	__u32 exec_id; /* the addresses of a program image say nothing of the next one's */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_alloc_key) == 16, "wire layout");

/* A sampled allocation that was not freed yet. */
struct sonde_alloc_live {
	__u64 site; /* key of its stack */
	__u64 time_ns;
	__u64 estimated_count;
	__u64 estimated_bytes;
	__u64 bytes; /* asked for */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_alloc_live) == 40, "wire layout");

/* A sampled allocation, or the free of one. */
struct sonde_alloc_event {
	struct sonde_record_header header;
	__u64 site; /* key of its stack; 0 for a free */
	__u64 address;
	__u64 bytes;
	__u32 tgid;
	__u32 tid;
	__u32 function; /* as in the breakpoint's cookie */
	__u32 pad;
	char comm[SONDE_COMM_LENGTH];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_alloc_event) == 72, "wire layout");

/* Per CPU. A call is seen when it begins. */
struct sonde_alloc_counters {
	__u64 seen;    /* breakpoints hit while the gate was not closed */
	__u64 stepped; /* of these: at instructions that are executed in a single step */
	__u64 filtered_target;
	__u64 filtered_self;
	__u64 filtered_paused;
	__u64 filtered_window; /* between two windows of a duty cycle */
	__u64 filtered_nested; /* one function of the allocator called another */
	__u64 filtered_unsampled;
	__u64 filtered_failed;	  /* no memory was given */
	__u64 filtered_untracked; /* frees of what was not sampled */
	__u64 recorded;		  /* sampled and given */
	__u64 freed;		  /* frees of what was sampled */
	__u64 lost_busy;	  /* the buffer for stacks was in use by a preempted program */
	__u64 lost_no_return;	  /* the function was left in another way */
	__u64 lost_sites_full;
	__u64 lost_live_full;
	__u64 lost_no_memory;
	__u64 calls;	/* of target processes, sampled or not; not nested */
	__u64 bytes;	/* asked for by these */
	__u64 releases; /* frees of target processes */
	__u64 returns;	/* that were waited for */
	__u64 begun;	/* sampled calls, or such that resize what was sampled */
	__u64 ended;
	__u64 hidden_frees; /* addresses given out again that were not seen freed */
	__u64 events_lost;  /* live events, of what is recorded or freed all the same */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_alloc_counters) == 200, "wire layout");

/* Per CPU: what hits cost, measured in windows, and how far the targets got. */
struct sonde_alloc_cost {
	__u64 program_ns;     /* from the start of programs to their end */
	__u64 seconds;	      /* hits of second breakpoints, outside of windows, too */
	__u64 gap_ns;	      /* from the end of a program to the start of the next one ... */
	__u64 gaps;	      /* ... of so many pairs of hits */
	__u64 interrupted_ns; /* the same of pairs with an interrupt between */
	__u64 syscalls;	      /* of target processes, while there are windows */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_alloc_cost) == 48, "wire layout");

/* Per CPU: the short look before the lane begins. */
struct sonde_alloc_look {
	__u64 hits;
	__u64 stepped;
	__u64 calls;
	__u64 bytes;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_alloc_look) == 32, "wire layout");

#endif
