/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What every record that leaves the kernel begins with. Compiled by clang for BPF and by the C++
 * compiler: fixed-width members, no enum, bool, pointer or bitfield, explicit padding.
 */
#ifndef SONDE_WIRE_H
#define SONDE_WIRE_H

#ifdef __cplusplus
#include <linux/types.h>
#define SONDE_STATIC_ASSERT static_assert
#else
#define SONDE_STATIC_ASSERT _Static_assert
#endif

/* Raised when the layout of any record changes; recordings carry it. */
#define SONDE_WIRE_VERSION 2

/* Record kinds; append only, never reuse a number. */
#define SONDE_RECORD_STACK	 1 /* stack_event.h: struct sonde_stack_record */
#define SONDE_RECORD_COUNT	 2 /* stack_event.h: struct sonde_count_record */
#define SONDE_RECORD_CALL	 3 /* syscall_event.h: struct sonde_call_record */
#define SONDE_RECORD_CALL_MEMORY 4 /* syscall_event.h: struct sonde_call_memory_record */
#define SONDE_RECORD_FILE	 5 /* file_event.h: struct sonde_file_record */
#define SONDE_RECORD_UNWIND_MISS 6 /* unwind_event.h: struct sonde_unwind_miss */
#define SONDE_RECORD_STACK_DUMP	 7 /* unwind_event.h: struct sonde_stack_dump */
#define SONDE_RECORD_SAMPLE	 8 /* cpu_event.h: struct sonde_sample_record */
#define SONDE_RECORD_UNWIND_MAPS 9 /* unwind_event.h: struct sonde_unwind_process_miss */

/* net_event.h */
#define SONDE_RECORD_CONNECTION 32 /* struct sonde_connection_record */
#define SONDE_RECORD_LATE_READ	33 /* struct sonde_late_read_record */
#define SONDE_RECORD_ROUTE	34 /* struct sonde_route_record */
#define SONDE_RECORD_TRANSFER	35 /* struct sonde_transfer_record */

/* dns_event.h */
#define SONDE_RECORD_DNS_PACKET 40 /* struct sonde_dns_packet */

/* drop_event.h */
#define SONDE_RECORD_DROP 41 /* struct sonde_drop_record */

/* alloc_event.h: struct sonde_alloc_event */
#define SONDE_RECORD_ALLOC	48
#define SONDE_RECORD_ALLOC_FREE 49

#define SONDE_COMM_LENGTH 16 /* TASK_COMM_LEN */

struct sonde_record_header {
	__u16 kind;
	__u16 version;
	__u32 length;  /* of the whole record, this header included */
	__u64 time_ns; /* CLOCK_MONOTONIC */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_record_header) == 16, "wire layout");

/* States of the gate that every program checks first. */
#define SONDE_GATE_CLOSED    0 /* not attached completely, or detaching: nothing is counted */
#define SONDE_GATE_RECORDING 1
#define SONDE_GATE_PAUSED    2 /* counted as filtered */

/* What a process in filter_tgids is. */
#define SONDE_TARGET_TRACED	 1
#define SONDE_TARGET_AWAITS_EXEC 2 /* a launcher, until its execve() succeeds */

#endif
