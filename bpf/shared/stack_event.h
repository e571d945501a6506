/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Stacks, and how often each was counted: of every tracer that records them. */
#ifndef SONDE_STACK_EVENT_H
#define SONDE_STACK_EVENT_H

#include "wire.h"

/* The kernel's default of kernel.perf_event_max_stack, which bounds what it walks. */
#define SONDE_MAX_FRAMES 127

/* Why a stack is incomplete. */
#define SONDE_STACK_KERNEL_DEPTH       (1u << 0)
#define SONDE_STACK_USER_DEPTH	       (1u << 1)
#define SONDE_STACK_USER_FAILED	       (1u << 3) /* the stack's memory was not readable */
#define SONDE_STACK_USER_NO_CFI	       (1u << 4) /* no usable call frame information */
#define SONDE_STACK_USER_NO_MAPPING    (1u << 5) /* code of no known mapping */
#define SONDE_STACK_USER_LOST_REGISTER (1u << 6) /* needs a register that is not followed */
#define SONDE_STACK_USER_NO_TABLE_YET                                                              \
	(1u << 7) /* of a file met lately; too many to copy them all */

/* Label of a system call's stack. */
#define SONDE_STACK_CALL(abi, number) (1u << 31 | (__u32)(abi) << 16 | (number))

/* One distinct stack of one thread. Followed by kernel_frames addresses, then user_frames frames
 * (unwind_event.h), leaf first. */
struct sonde_stack_record {
	struct sonde_record_header header;
	__u64 key; /* of the counts that belong to it */
	__u32 tgid;
	__u32 tid;
	char comm[SONDE_COMM_LENGTH];
	__u32 flags; /* SONDE_STACK_* */
	__u16 kernel_frames;
	__u16 user_frames;
	__u32 label; /* what was counted: 0, or SONDE_STACK_CALL() */
	__u32 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_stack_record) == 64, "wire layout");

/* How often a stack was sampled since the last drain. Made by user space from the count map, so
 * that a recording holds everything the aggregation needs. */
struct sonde_count_record {
	struct sonde_record_header header;
	__u64 key;
	__u64 count;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_count_record) == 32, "wire layout");

#endif
