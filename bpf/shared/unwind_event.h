/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the in-kernel unwinder and user space tell each other, besides the tables themselves. */
#ifndef SONDE_UNWIND_EVENT_H
#define SONDE_UNWIND_EVENT_H

#include "stack_event.h"
#include "unwind_table.h"

#define SONDE_MAX_UNWOUND_FRAMES 1023

/*
 * A frame is an address of the process (bit 63 clear), or a place in a file, which is the same in
 * every process: bit 63, the file's number, the offset in the file.
 */
#define SONDE_FRAME_IN_FILE	(1ull << 63)
#define SONDE_FRAME_FILE_SHIFT	48
#define SONDE_FRAME_FILE_MASK	0x7fff
#define SONDE_FRAME_OFFSET_MASK ((1ull << SONDE_FRAME_FILE_SHIFT) - 1)

/* The vDSO is known as inode 0 of device 0. */
struct unwind_file_key {
	__u64 inode;
	__u32 device; /* the kernel's dev_t: major << 20 | minor */
	__u32 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct unwind_file_key) == 16, "wire layout");

struct unwind_segment {
	__u64 file_offset;
	__u64 size;
	__u64 delta; /* address in the ELF file - offset in the file */
};

#define UNWIND_SEGMENTS 4

/* One executable file with a table. */
struct unwind_file {
	__u32 number;	  /* in frames; never given to another file */
	__u32 index;	  /* word where its struct unwind_page begin */
	__u32 first_page; /* address in the ELF file >> UNWIND_PAGE_BITS */
	__u32 pages;
	__u32 used; /* unwind_epoch when it was last looked up */
	__u32 pad;
	struct unwind_segment segments[UNWIND_SEGMENTS];
};
SONDE_STATIC_ASSERT(sizeof(struct unwind_file) == 120, "wire layout");

/* A sample met a file that has no table yet. */
struct sonde_unwind_miss {
	struct sonde_record_header header;
	struct unwind_file_key file;
	__u64 start; /* of the mapping in process tgid */
	__u64 end;
	__u32 tgid;
	__u32 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_unwind_miss) == 56, "wire layout");

/* A sample met a process whose mappings are not known, or not all of them. */
struct sonde_unwind_process_miss {
	struct sonde_record_header header;
	__u32 tgid;
	__u32 exec_id; /* task_struct::self_exec_id: which of its program images */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_unwind_process_miss) == 24, "wire layout");

#define UNWIND_NO_FILE 1

struct unwind_mapping {
	__u64 start;
	__u64 end;
	__u64 file_offset;
	struct unwind_file_key file; /* with pad UNWIND_NO_FILE: anonymous memory */
};
SONDE_STATIC_ASSERT(sizeof(struct unwind_mapping) == 40, "wire layout");

#define UNWIND_PROCESS_BITS	8
#define UNWIND_PROCESS_MAPPINGS (1 << UNWIND_PROCESS_BITS)

/* What user space tells of a process where the kernel's own mappings cannot be walked. */
struct unwind_process {
	__u32 exec_id;
	__u32 version; /* another one with each change */
	__u32 count;
	__u32 pad;
	struct unwind_mapping mappings[UNWIND_PROCESS_MAPPINGS]; /* by start; they do not overlap */
};
SONDE_STATIC_ASSERT(sizeof(struct unwind_process) == 16 + 40 * UNWIND_PROCESS_MAPPINGS,
		    "wire layout");

/* Dumps that wait to be unwound, at most; a CPU more or less. */
#define SONDE_MOST_DUMPS       256
#define SONDE_DUMP_STACK_BYTES 16384
#define SONDE_DUMP_REGISTERS   17 /* by DWARF number; the last is the return address column, rip */

/*
 * A stack that met such a file, for user space to unwind once there is a table. Followed by
 * stack.kernel_frames addresses and then stack_bytes bytes from rsp on; stack.user_frames is 0.
 */
struct sonde_stack_dump {
	struct sonde_stack_record stack;
	__u64 registers[SONDE_DUMP_REGISTERS];
	__u64 stack_bytes;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_stack_dump) == 64 + 18 * 8, "wire layout");

#endif
