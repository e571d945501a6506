/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Records, labels and counters of the memory tracer. */
#ifndef SONDE_MEM_EVENT_H
#define SONDE_MEM_EVENT_H

#include "wire.h"

/*
 * Label of a stack of the faults lane: what happened (4 bits), to which memory (4 bits), why (16
 * bits: a system call's number, or one of the others), and the call's ABI (1 bit).
 */
#define SONDE_MEM_LABEL(what, kind, cause, abi)                                                    \
	((__u32)(what) << 28 | (__u32)(kind) << 24 | (__u32)(abi) << 16 | (__u32)(cause))
#define SONDE_MEM_WHAT(label)  ((label) >> 28)
#define SONDE_MEM_KIND(label)  ((label) >> 24 & 0xf)
#define SONDE_MEM_ABI(label)   ((label) >> 16 & 1)
#define SONDE_MEM_CAUSE(label) ((label)&0xffff)

#define SONDE_MEM_GROWTH  1 /* of resident memory */
#define SONDE_MEM_RELEASE 2
#define SONDE_MEM_MAP	  3 /* of the address space */
#define SONDE_MEM_UNMAP	  4
#define SONDE_MEM_MAJOR	  5 /* a fault that waited for a device; its weight is nanoseconds */
#define SONDE_MEM_COPY	  6 /* a write to memory that was shared until then */

#define SONDE_MEM_KERNEL 7 /* kernel lane: an allocation; the cause is the order of pages */

/* Kinds of the kernel lane. */
#define SONDE_MEM_KMALLOC 0
#define SONDE_MEM_SLAB	  1
#define SONDE_MEM_PAGES	  2

/* Of how many objects of the kernel one is followed; a power of two. */
#define SONDE_MEM_KERNEL_EVERY 64

/* As the kernel's counters of resident pages. */
#define SONDE_MEM_FILE	    0
#define SONDE_MEM_ANONYMOUS 1
#define SONDE_MEM_SWAP	    2
#define SONDE_MEM_SHMEM	    3
#define SONDE_MEM_KINDS	    4

/* No system call has these numbers. */
#define SONDE_MEM_CAUSE_FAULT	0xffff
#define SONDE_MEM_CAUSE_FORK	0xfffe
#define SONDE_MEM_CAUSE_EXEC	0xfffd
#define SONDE_MEM_CAUSE_EXIT	0xfffc
#define SONDE_MEM_CAUSE_KERNEL	0xfffb /* a kernel thread: reclaim, khugepaged */
#define SONDE_MEM_CAUSE_OTHER	0xfffa /* another process */
#define SONDE_MEM_CAUSE_UNKNOWN 0xfff9

/* Written by the iterator for each address space of a target. */
struct sonde_mem_space {
	__u64 mm;
	__u32 tgid;
	__u32 pad;
	char comm[SONDE_COMM_LENGTH];
	__s64 pages[SONDE_MEM_KINDS];
	__u64 total_pages; /* of the address space */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_mem_space) == 72, "wire layout");

/* Per CPU. */
struct sonde_mem_counters {
	__u64 seen; /* changes while the gate was not closed */
	__u64 filtered_target;
	__u64 filtered_self;
	__u64 filtered_paused;
	__u64 filtered_unsampled;
	__u64 recorded; /* in the count map */
	__u64 lost_map_full;
	__u64 lost_spaces_full; /* no room to remember an address space */
	__u64 runs;		/* of programs, for scaling their time */
	__u64 growth_variance;	/* of the estimated growth, in units of 256 bytes squared */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_mem_counters) == 80, "wire layout");

/* Kind of the record below. */
#define SONDE_RECORD_OOM 16

/* The kernel is about to kill a process. */
struct sonde_oom_record {
	struct sonde_record_header header;
	__u64 last_growth; /* key of the stack by which the victim grew last; 0: not known */
	__u32 victim;
	__u32 asker; /* whose wish for memory found none */
	char victim_comm[SONDE_COMM_LENGTH];
	char asker_comm[SONDE_COMM_LENGTH];
	__s64 pages[SONDE_MEM_KINDS]; /* of the victim */
	__u64 total_pages;	      /* of its address space */
	__u64 usage_pages;
	__u64 limit_pages; /* of the group whose limit was met; 0: there is none */
	__s32 score_adjustment;
	__u32 pad;
	char cgroup[64]; /* its name */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_oom_record) == 192, "wire layout");

/* Of the objects of one stack that are followed. */
struct sonde_mem_kernel_sums {
	__u64 allocated_bytes;
	__u64 allocated_count;
	__u64 freed_bytes;
	__u64 freed_count;
	char cache[32]; /* empty for what is in no cache of its own */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_mem_kernel_sums) == 64, "wire layout");

/* Per CPU. */
struct sonde_mem_kernel_counters {
	__u64 seen; /* allocations that are to be followed */
	__u64 filtered_target;
	__u64 filtered_self;
	__u64 filtered_paused;
	__u64 recorded;
	__u64 lost_stacks_full;
	__u64 lost_nested;  /* in an interrupt of another */
	__u64 objects_full; /* counted as allocated and as freed */
	__u64 frees;
	__u64 busy;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_mem_kernel_counters) == 80, "wire layout");

#endif
