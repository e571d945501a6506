/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Rows, records and counters of the system call tracer. */
#ifndef SONDE_SYSCALL_EVENT_H
#define SONDE_SYSCALL_EVENT_H

#include "wire.h"

/* Whose numbering a call's number belongs to. */
#define SONDE_ABI_NATIVE 0
#define SONDE_ABI_COMPAT 1 /* 32-bit calls on a 64-bit kernel */
#define SONDE_ABI_URING	 2 /* io_uring operations: the number is the opcode */
#define SONDE_ABI_COUNT	 3

#define SONDE_CALL_NUMBERS   512 /* numbers below this can be selected one by one */
#define SONDE_CALL_ARGUMENTS 6
#define SONDE_CALL_FILES     2 /* arguments of one call that are descriptors */
#define SONDE_MADE_RESULT    (SONDE_CALL_ARGUMENTS + 1)

/* Log-linear: 8 buckets for each power of two, exact below 8 ns, up to 2^42 ns (73 minutes); the
 * last bucket also holds what is longer. */
#define SONDE_LATENCY_SUB_BITS 3
#define SONDE_LATENCY_BUCKETS  320

/* The finest rows that the kernel keeps; user space adds them up to what was asked for. */
struct sonde_call_key {
	__u64 cgroup; /* id; 0 unless rows are by cgroup */
	__u32 tgid;   /* 0 unless rows are by process or thread */
	__u32 tid;
	__u32 number;
	__u16 error; /* positive errno; 0: the call succeeded or never returns */
	__u8 abi;    /* SONDE_ABI_* */
	__u8 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_call_key) == 24, "wire layout");

struct sonde_call_stats {
	__u64 calls;
	__u64 timed; /* calls whose begin was seen: total, min, max and buckets are of these */
	__u64 total_ns;
	__u64 min_ns;
	__u64 max_ns;
	char comm[SONDE_COMM_LENGTH]; /* of the thread at the row's first call */
	__u32 buckets[SONDE_LATENCY_BUCKETS];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_call_stats) == 56 + 4 * SONDE_LATENCY_BUCKETS,
		    "wire layout");

#define SONDE_CALL_NO_RETURN (1u << 0) /* the thread ended in the call: exit, exit_group */
#define SONDE_CALL_NO_BEGIN  (1u << 1) /* the begin was not seen; start_ns is 0 */
#define SONDE_CALL_MEMORY                                                                          \
	(1u << 2) /* a SONDE_RECORD_CALL_MEMORY with this tid and start_ns precedes */

/* One call of the live trace, sent when it is over. Followed by pieces read at its end. */
struct sonde_call_record {
	struct sonde_record_header header; /* time: the end */
	__u64 start_ns;
	__s64 result; /* as the kernel returns it: -4095 to -1 is an error */
	__u32 tgid;
	__u32 tid;
	__u32 number;
	__u8 abi;
	__u8 flags; /* SONDE_CALL_* */
	__u16 pad;
	char comm[SONDE_COMM_LENGTH];
	__u64 args[SONDE_CALL_ARGUMENTS];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_call_record) == 112, "wire layout");

/* What the arguments of a call point to, read at its begin. Followed by pieces. */
struct sonde_call_memory_record {
	struct sonde_record_header header; /* time: the begin of the call, its start_ns */
	__u32 tid;
	__u32 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_call_memory_record) == 24, "wire layout");

#define SONDE_PIECE_CUT (1u << 0) /* there was more */
#define SONDE_PIECE_UNREADABLE                                                                     \
	(1u << 1)		      /* no bytes: not resident at the begin, or a bad address     \
				       */
#define SONDE_PIECE_NO_ROOM (1u << 2) /* no bytes: the record is full */
#define SONDE_PIECE_MORE    (1u << 3) /* no bytes: more elements than are read */

/* Memory that one argument points to; its bytes follow, filled up to a multiple of 8. */
struct sonde_call_piece {
	__u64 address;
	__u16 length;
	__u8 argument; /* 0 to 5 */
	__u8 index;    /* of an element behind the argument, or SONDE_PIECE_* */
	__u8 flags;    /* SONDE_PIECE_* */
	__u8 pad[3];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_call_piece) == 16, "wire layout");
#define SONDE_PIECE_ITSELF  0xff /* what the argument points to */
#define SONDE_PIECE_NAME    0xfe /* of the struct msghdr before it */
#define SONDE_PIECE_VECTOR  0xfd
#define SONDE_PIECE_CONTROL 0xfc
/* No memory: the address is the id of the file (struct sonde_file_record) that a descriptor stands
 * for. At the begin of the call for arguments, at its end for those that it gives:
 * SONDE_PIECE_RESULT, or the two that are behind an argument. */
#define SONDE_PIECE_FILE   0xfb
#define SONDE_PIECE_RESULT 6
#define SONDE_PIECE_SECOND 7 /* of two; the first is SONDE_PIECE_RESULT */

/* How to read what an argument points to. Made by user space from the signatures of the calls; the
 * kernel programs know no call by name. */
#define SONDE_READ_NOTHING 0
#define SONDE_READ_STRING  1 /* zero-terminated, at most `size` bytes */
#define SONDE_READ_FIXED   2 /* `size` bytes */
#define SONDE_READ_COUNTED 3 /* argument `counter` times `unit` bytes, at most `size` */
#define SONDE_READ_LENGTH_AT                                                                       \
	4 /* as many bytes as the 32-bit number says that argument `counter` points to, at most    \
	     `size` */
#define SONDE_READ_STRINGS 5 /* NULL-terminated array of pointers to strings (argv) */
#define SONDE_READ_BITS	   6 /* argument `counter` bits in whole longs, at most `size` bytes */
#define SONDE_READ_VECTOR                                                                          \
	7 /* `counter` of struct iovec, and of what they point to `size` bytes each */
#define SONDE_READ_MESSAGES                                                                        \
	8 /* `counter` of struct mmsghdr, or one struct msghdr; of their buffers `size` bytes each \
	   */

#define SONDE_COUNTER_RESULT 6 /* the result of the call counts */
#define SONDE_COUNTER_ONE    7

/* The call fills the buffers: nothing is read of them at its begin. */
#define SONDE_READER_FILLED (1u << 0)

struct sonde_argument_reader {
	__u16 size;
	__u16 unit;
	__u8 how;     /* SONDE_READ_* */
	__u8 counter; /* argument that counts */
	__u8 flags;   /* SONDE_READER_* */
	__u8 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_argument_reader) == 8, "wire layout");

/* Of one call. */
struct sonde_call_readers {
	struct sonde_argument_reader arguments[SONDE_CALL_ARGUMENTS];
	__u8 begin; /* bit for each argument that is read at the begin of the call */
	__u8 end;   /* what the call writes: read at its end, if it succeeded */
	/* Descriptors: the position of an argument + 1, or 0. */
	__u8 files[SONDE_CALL_FILES];
	/* Those that the call gives: the position + 1 of the argument that points to two, or
	 * SONDE_MADE_RESULT, or 0. */
	__u8 made;
	__u8 pad[3];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_call_readers) == 56, "wire layout");

/* Batches of records: how they go through the ring. */
#define SONDE_BATCH_BYTES 65536

struct sonde_batch {
	__u32 used;  /* bytes of records */
	__u32 busy;  /* a program is writing to it */
	__u32 calls; /* records of calls in it */
	__u32 memory_records;
	__u8 bytes[SONDE_BATCH_BYTES - 16];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_batch) == SONDE_BATCH_BYTES, "wire layout");

/* What the stacks of calls count. */
#define SONDE_WEIGHT_COUNT  0
#define SONDE_WEIGHT_TIME   1 /* nanoseconds */
#define SONDE_WEIGHT_ERRORS 2

/* A call in flight, from the task iterator. */
struct sonde_call_in_flight {
	__u64 start_ns; /* 0: began before sonde */
	__u32 tgid;
	__u32 tid;
	__u32 number;
	__u8 abi;
	__u8 pad[3];
	char comm[SONDE_COMM_LENGTH];
	__u64 args[SONDE_CALL_ARGUMENTS];
	__u64 files[SONDE_CALL_FILES]; /* ids, in the order of the arguments; 0: none */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_call_in_flight) == 104, "wire layout");

/* Per CPU. A call is seen when it ends, so seen = the sum of the rest but ring_lost_memory. */
struct sonde_call_counters {
	__u64 seen;
	__u64 filtered_self;
	__u64 filtered_target;
	__u64 filtered_call;   /* not selected by name */
	__u64 filtered_result; /* by --failed, --errno, --min-latency */
	__u64 filtered_paused;
	__u64 recorded;
	__u64 lost_rows_full;	/* no room for a new row */
	__u64 lost_ring_full;	/* calls of the live trace */
	__u64 ring_lost_memory; /* records of argument memory: their calls are shown without */
	__u64 errors;		/* recorded calls that failed */
	__u64 stacks_lost;	/* recorded calls whose stack found no room */
	__u64 pieces_no_room;	/* what arguments point to and no record had room for */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_call_counters) == 104, "wire layout");

#endif
