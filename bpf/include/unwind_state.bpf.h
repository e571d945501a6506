/* SPDX-License-Identifier: GPL-2.0-only */
/* One stack being unwound, and the maps of the unwinder. */
#ifndef SONDE_UNWIND_STATE_BPF_H
#define SONDE_UNWIND_STATE_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/unwind_event.h"
#include <bpf/bpf_helpers.h>

/* Raised by user space when a table was taken out: rules cached before are not to be used. */
volatile __u32 unwind_generation = 0;
/* Raised by user space each second, to tell which tables are in use. */
volatile __u32 unwind_epoch = 0;
/* Records of misses that found no room. */
volatile __u64 unwind_misses_lost = 0;
/* Stacks that were sent to be unwound, and by user space those that it is done with. */
volatile __u64 unwind_dumps_sent = 0;
volatile __u64 unwind_dumps_done = 0;

/* Set by user space: find mappings in unwind_processes although the kernel has a maple tree. */
volatile __u32 unwind_by_process = 0;

#define UNWIND_WINDOW_WORDS 32
#define UNWIND_NODE_WORDS   32

/* A mapping of the process. */
struct unwind_place {
	__u64 start;
	__u64 end;
	__u64 frame_delta;   /* frame - address */
	__u64 address_delta; /* address in the ELF file - address in the process */
	__u32 index;
	__u32 first_page;
	__u32 pages;
	__u32 mapping; /* MAPPING_* */
};

struct unwind_state {
	__u64 pc;
	__u64 sp;
	__u64 bp;
	__u64 bp_at;	 /* where bp is saved, if it was not read yet; else 0 */
	__u64 is_return; /* 1: pc is a return address, and the call is before it */
	__u64 registers; /* struct pt_regs * of user mode */
	__u64 caller_pc; /* of the innermost frame, if it is known without a rule; else 0 */
	__u64 caller_sp;
	__u64 mm;
	__u64 hash; /* of all frames */

	/* The mappings that were met last: stacks go to and fro between two. */
	struct unwind_place here;
	struct unwind_place before;

	/* What the cache has for the address that is looked up, of a mapping that may be gone. */
	__u64 remembered_delta; /* 0: nothing */
	__u32 remembered_rule;

	__u32 frames_count;
	__u32 stop;	  /* SONDE_STACK_*: why it ended early */
	__u32 fallback;	  /* why frame pointers were followed last; 0: they were not */
	__u32 generation; /* 0: nothing may be cached */
	__u32 cpu;
	__u32 tgid;
	__u32 exec_id;
	__u32 missed;	     /* some file had no table */
	__u32 outside_files; /* frames that are addresses of the process */

	__u64 window_start;
	__u64 window[UNWIND_WINDOW_WORDS];
	__u64 node[UNWIND_NODE_WORDS]; /* of the maple tree */
	__u64 frames[SONDE_MAX_UNWOUND_FRAMES + 1];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct unwind_state));
} unwind_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct unwind_file_key);
	__type(value, struct unwind_file);
} unwind_files SEC(".maps");

struct unwind_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, UNWIND_CHUNK_WORDS * sizeof(__u32));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, UNWIND_MAX_CHUNKS);
	__type(key, __u32);
	__array(values, struct unwind_chunk);
} unwind_chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWIND_DICTIONARY_MAX);
	__type(key, __u32);
	__type(value, struct unwind_dictionary_entry);
} unwind_dictionary SEC(".maps");

/* Where the maple tree is not: the mappings of each process, as user space knows them. Kernels that
 * need it allow no other than preallocated maps in perf_event programs (until 34dd3bad1a6f ("bpf:
 * Relax the requirement to use preallocated hash maps in tracing progs.") in 6.1); user space takes
 * the flag away there. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(__u32)); /* tgid */
	__uint(value_size, sizeof(struct unwind_process));
} unwind_processes SEC(".maps");

/* Files, and processes by unwind_announcement(), that user space was told of lately, by the second.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct unwind_file_key);
	__type(value, __u32);
} unwind_announced SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} unwind_misses SEC(".maps");

#endif
