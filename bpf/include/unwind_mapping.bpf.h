/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which file an address of the current process is mapped from. Walks the maple tree of its mappings
 * (6.1 and later) without its lock: reads are checked, a node that is freed meanwhile stays
 * readable for an RCU period, and what is found must be a mapping of this address space that holds
 * the address. On older kernels user space tells the mappings of each process that a sample meets.
 */
#ifndef SONDE_UNWIND_MAPPING_BPF_H
#define SONDE_UNWIND_MAPPING_BPF_H

#include "unwind_state.bpf.h"
#include <bpf/bpf_core_read.h>

/* lib/maple_tree.c, include/linux/maple_tree.h: an encoded node is its address, aligned to 256,
 * with its type in bits 3-6. An arange node has 9 pivots and 10 slots, a range or leaf node 15
 * and 16. */
#define MAPLE_IS_NODE	 6
#define MAPLE_LEAF	 1
#define MAPLE_ARANGE	 3
#define MAPLE_MAX_HEIGHT 6
#define MAPLE_PIVOTS	 15

#define MAPPING_NONE	  0
#define MAPPING_ANONYMOUS 1
#define MAPPING_NO_TABLE  2
#define MAPPING_TABLE	  3

/*
 * The slot of the node in s->node that holds pc: the number of leading pivots below pc. A pivot of
 * 0 comes after the last one. Without branches, which would multiply the verifier's states, hence
 * also the barriers. Pivots are the last byte of a page, so halving loses nothing.
 */
__noinline __u32 maple_slot(struct unwind_state *s, __u64 pc, __u32 is_arange)
{
	__u32 pivots = MAPLE_PIVOTS - 6 * is_arange;
	__u32 slot = 0, going = ~0u;

	if (!s)
		return 0;
#pragma clang loop unroll(full)
	for (__s64 i = 0; i < MAPLE_PIVOTS; i++) {
		__s64 half = (__s64)(s->node[1 + i] >> 1);
		__s64 below = (half - (__s64)(pc >> 1)) >> 63;
		__s64 used = -half >> 63;
		__s64 in_node = (i - (__s64)pivots) >> 63;

		asm volatile("" : "+r"(below), "+r"(used), "+r"(in_node));
		going &= (__u32)below & (__u32)used & (__u32)in_node;
		slot += going & 1;
		asm volatile("" : "+r"(slot), "+r"(going));
	}
	return slot;
}

/* The entry of the process's maple tree for pc, or 0. */
static __always_inline __u64 maple_find(struct unwind_state *s, __u64 pc)
{
	struct mm_struct *mm = (void *)s->mm;
	__u64 entry = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);

	for (int level = 0; level < MAPLE_MAX_HEIGHT; level++) {
		__u32 type = entry >> 3 & 15, is_arange, word;

		if (!(entry & MAPLE_IS_NODE) ||
		    bpf_probe_read_kernel(s->node, sizeof(s->node), (void *)(entry & ~0xffull)))
			return 0;
		is_arange = ((type ^ MAPLE_ARANGE) - 1) >> 31;
		word = 16 - 6 * is_arange + maple_slot(s, pc, is_arange);
		entry = s->node[word & (UNWIND_NODE_WORDS - 1)];
		if (type <= MAPLE_LEAF)
			return entry & 3 ? 0 : entry;
	}
	return 0;
}

/* False if user space was told of it within this second or so. */
static __always_inline bool begin_announcement(struct unwind_file_key *key)
{
	__u32 now = (__u32)(bpf_ktime_get_ns() >> 30);
	__u32 *last = bpf_map_lookup_elem(&unwind_announced, key);

	if (last && *last == now)
		return false;
	bpf_map_update_elem(&unwind_announced, key, &now, BPF_ANY);
	return true;
}

static __always_inline void announce_file(struct unwind_state *s, struct unwind_file_key *key)
{
	struct sonde_unwind_miss miss = {};

	if (!begin_announcement(key))
		return;
	miss.header.kind = SONDE_RECORD_UNWIND_MISS;
	miss.header.version = SONDE_WIRE_VERSION;
	miss.header.length = sizeof(miss);
	miss.header.time_ns = bpf_ktime_get_ns();
	miss.file = *key;
	miss.start = s->here.start;
	miss.end = s->here.end;
	miss.tgid = s->tgid;
	if (bpf_ringbuf_output(&unwind_misses, &miss, sizeof(miss), BPF_RB_FORCE_WAKEUP))
		__sync_fetch_and_add(&unwind_misses_lost, 1);
}

/* Finds the segment of the file that a mapping of file_offset shows. */
static __always_inline bool enter_file(struct unwind_state *s, struct unwind_file *file,
				       __u64 file_offset, __u64 length)
{
	__u64 found = 0, delta = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < UNWIND_SEGMENTS; i++) {
		struct unwind_segment *segment = &file->segments[i];

		if (segment->size && file_offset < segment->file_offset + segment->size &&
		    file_offset + length > segment->file_offset) {
			found = 1;
			delta = segment->delta;
		}
	}
	if (!found)
		return false;
	if (file->used != unwind_epoch)
		file->used = unwind_epoch;
	s->here.frame_delta =
	    (SONDE_FRAME_IN_FILE | (__u64)file->number << SONDE_FRAME_FILE_SHIFT) + file_offset -
	    s->here.start;
	s->here.address_delta = delta + file_offset - s->here.start;
	s->here.index = file->index;
	s->here.first_page = file->first_page;
	s->here.pages = file->pages;
	return true;
}

/* What maps an address, and where. */
struct unwind_found {
	struct unwind_file_key key;
	__u64 offset;
};

/* MAPPING_TABLE if a file is mapped there, whether or not it has a table. */
static __always_inline int find_in_tree(struct unwind_state *s, __u64 pc,
					struct unwind_found *found)
{
	struct mm_struct *mm = (void *)s->mm;
	struct vm_area_struct *vma = (void *)maple_find(s, pc);
	struct inode *inode;
	struct file *file;

	if (!vma || BPF_CORE_READ(vma, vm_mm) != mm)
		return MAPPING_NONE;
	s->here.start = BPF_CORE_READ(vma, vm_start);
	s->here.end = BPF_CORE_READ(vma, vm_end);
	if (pc < s->here.start || pc >= s->here.end) {
		s->here.start = 0;
		s->here.end = 0;
		return MAPPING_NONE;
	}
	file = BPF_CORE_READ(vma, vm_file);
	if (file) {
		inode = BPF_CORE_READ(file, f_inode);
		found->key.inode = BPF_CORE_READ(inode, i_ino);
		found->key.device = BPF_CORE_READ(inode, i_sb, s_dev);
		found->offset = BPF_CORE_READ(vma, vm_pgoff) << UNWIND_PAGE_BITS;
		return MAPPING_TABLE;
	}
	return (__u64)BPF_CORE_READ(mm, context.vdso) == s->here.start ? MAPPING_TABLE
								       : MAPPING_ANONYMOUS;
}

static __always_inline struct unwind_process *process_of(struct unwind_state *s)
{
	/* Before 6.2 no key may be where an argument of a function points. */
	__u32 tgid = s->tgid;
	struct unwind_process *process = bpf_map_lookup_elem(&unwind_processes, &tgid);

	return process && process->exec_id == s->exec_id ? process : NULL;
}

/* Asks user space for the mappings of the process. Until they are there its stacks are sent whole.
 */
static __always_inline int announce_process(struct unwind_state *s, bool known)
{
	struct unwind_file_key key = {};
	struct sonde_unwind_process_miss miss = {};

	key.inode = (__u64)s->exec_id << 32 | s->tgid;
	key.pad = UNWIND_NO_FILE;
	if (!begin_announcement(&key)) {
		s->missed |= !known;
		return known ? MAPPING_NONE : MAPPING_NO_TABLE;
	}
	miss.header.kind = SONDE_RECORD_UNWIND_MAPS;
	miss.header.version = SONDE_WIRE_VERSION;
	miss.header.length = sizeof(miss);
	miss.header.time_ns = bpf_ktime_get_ns();
	miss.tgid = s->tgid;
	miss.exec_id = s->exec_id;
	if (bpf_ringbuf_output(&unwind_misses, &miss, sizeof(miss), BPF_RB_FORCE_WAKEUP))
		__sync_fetch_and_add(&unwind_misses_lost, 1);
	s->missed = 1;
	return MAPPING_NO_TABLE;
}

/* As find_in_tree(). */
static __always_inline int find_in_process(struct unwind_state *s, __u64 pc,
					   struct unwind_found *found)
{
	struct unwind_process *process = process_of(s);
	struct unwind_mapping *mapping;
	__u32 at = 0, left;

	if (!process)
		return announce_process(s, false);
	left = process->count;
	/* As in look_up_rule(); user addresses are positive. */
	for (int i = 0; i < UNWIND_PROCESS_BITS; i++) {
		__u32 half = left >> 1;
		__u64 start = process->mappings[(at + half) & (UNWIND_PROCESS_MAPPINGS - 1)].start;
		__u32 above = (__u32)(((__s64)pc - (__s64)start) >> 63);

		asm volatile("" : "+r"(above));
		at += half & ~above;
		left -= half;
	}
	mapping = &process->mappings[at & (UNWIND_PROCESS_MAPPINGS - 1)];
	if (pc < mapping->start || pc >= mapping->end)
		return announce_process(s, true);
	s->here.start = mapping->start;
	s->here.end = mapping->end;
	found->offset = mapping->file_offset;
	found->key = mapping->file;
	return mapping->file.pad == UNWIND_NO_FILE ? MAPPING_ANONYMOUS : MAPPING_TABLE;
}

/* On a kernel without the tree, reading it is no valid program: the condition is known at load time
 * and the branch then left out. */
static __always_inline bool has_maple_tree(struct mm_struct *mm)
{
	return bpf_core_field_exists(mm->mm_mt);
}

static __always_inline bool finds_by_process(struct mm_struct *mm)
{
	return !has_maple_tree(mm) || unwind_by_process;
}

/* Sets the mapping of `s` to the one that holds pc. MAPPING_*. */
__noinline int find_mapping(struct unwind_state *s, __u64 pc)
{
	struct unwind_found found = {};
	struct unwind_file *known;
	struct mm_struct *mm;
	int what;

	if (!s)
		return MAPPING_NONE;
	mm = (void *)s->mm;
	s->here.start = 0;
	s->here.end = 0;
	s->here.frame_delta = 0;
	s->here.pages = 0;
	if (has_maple_tree(mm) && !unwind_by_process)
		what = find_in_tree(s, pc, &found);
	else
		what = find_in_process(s, pc, &found);
	if (what != MAPPING_TABLE)
		return what;
	known = bpf_map_lookup_elem(&unwind_files, &found.key);
	if (!known) {
		announce_file(s, &found.key);
		s->missed = 1;
		return MAPPING_NO_TABLE;
	}
	/* A file that is no ELF file, such as a memfd with JIT code, has no segments. */
	return enter_file(s, known, found.offset, s->here.end - s->here.start) ? MAPPING_TABLE
									       : MAPPING_ANONYMOUS;
}

#endif
