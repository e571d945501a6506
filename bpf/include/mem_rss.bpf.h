/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * By how much a process's resident memory changed. The kernel's tracepoint says that a counter did,
 * not by how much, and the counter is spread over the CPUs: a CPU adds to its own part, and moves
 * it to the shared one when it reaches a limit. So both parts are remembered. Every page is told
 * once whatever else runs: what a change was not told of is in the next one's difference.
 */
#ifndef SONDE_MEM_RSS_BPF_H
#define SONDE_MEM_RSS_BPF_H

#include "kernel_types.bpf.h"
#include "kernel_compat.bpf.h"
#include "byte_sampling.bpf.h"
#include "../shared/mem_event.h"
#include <bpf/bpf_helpers.h>

#define MEM_MAX_SPACES 32768
#define MEM_MAX_CPUS   512

/* Set by user space. */
const volatile __u32 mem_cpus = 1;	  /* that are possible */
const volatile bool mem_rss_exact = true; /* each CPU's part can be read */

struct mem_space {
	__s64 shared[MM_COUNTERS];
	__s64 begun[MM_COUNTERS]; /* pages that it had when it was learned */
	__u64 total_vm;
	__u64 last_growth; /* key of a stack */
	__u32 tgid;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MEM_MAX_SPACES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* struct mm_struct * */
	__type(value, struct mem_space);
} mem_spaces SEC(".maps");

/* What a CPU counts for itself, as it was told. */
struct mem_cpu_part {
	__s32 pages[MM_COUNTERS];
	__u32 tgid;
	__u32 pad;
	__u64 learned_ns; /* tells it from another's that has the same address later */
};

/* Of the same address spaces. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, MEM_MAX_SPACES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* struct mm_struct * */
	__type(value, struct mem_cpu_part);
} mem_cpu_parts SEC(".maps");

/* Raised when an address space is learned or forgotten. */
volatile __u32 mem_spaces_epoch = 0;

static __always_inline void mem_spaces_changed(void)
{
	__sync_fetch_and_add(&mem_spaces_epoch, 1);
}

/* The part of the address space whose pages this CPU changed last, which is the one of the next
 * change, too, until another process runs. Written back then. */
struct mem_cached_part {
	__u64 mm; /* 0: none */
	__u32 epoch;
	struct mem_cpu_part part;
};

/* Each CPU's own. */
struct mem_cpu {
	struct sonde_mem_counters counters;
	struct sampling_gap gap;
	/*
	 * What to add to a per-CPU pointer to get to this CPU's memory; 0: not known yet. The
	 * kernel has a variable for it, but no name for it where data has no symbols. A map's own
	 * memory tells as much: the kernel holds the per-CPU pointer, and a lookup gives the
	 * address.
	 */
	__u64 offset;
	struct mem_cached_part cached;
	volatile __u64 map;
	volatile __u64 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mem_cpu);
} mem_per_cpu SEC(".maps");

static __always_inline struct mem_cpu *mem_cpu_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mem_per_cpu, &zero);
}

static __always_inline __u64 mem_offset_of(struct mem_cpu *cpu)
{
	__u64 pointer = 0;

	if (!cpu->offset) {
		/* Read back they are numbers. */
		cpu->map = (__u64)&mem_per_cpu;
		cpu->address = (__u64)cpu;
		bpf_probe_read_kernel(
		    &pointer, sizeof(pointer),
		    (void *)(cpu->map + bpf_core_field_offset(struct bpf_array, pptrs)));
		cpu->offset = cpu->address - pointer;
	}
	return cpu->offset;
}

/* Needs a helper of 5.19. */
static __always_inline __u64 mem_cpu_offset(__u32 number)
{
	__u32 zero = 0;
	struct mem_cpu *cpu = bpf_map_lookup_percpu_elem(&mem_per_cpu, &zero, number);

	return cpu ? mem_offset_of(cpu) : 0;
}

/* All pages of a process, by kind. */
static __always_inline void mem_rss_total(struct mm_struct *mm, __s64 *pages)
{
	for (__u32 m = 0; m < MM_COUNTERS; m++)
		pages[m] = rss_shared_count(mm, m);
	if (!mem_rss_exact)
		return;
	for (__u32 cpu = 0; cpu < MEM_MAX_CPUS; cpu++) {
		__u64 offset;

		if (cpu >= mem_cpus)
			break;
		offset = mem_cpu_offset(cpu);
		if (!offset)
			continue;
		for (__u32 m = 0; m < MM_COUNTERS; m++)
			pages[m] += rss_cpu_count(mm, m, offset);
	}
}

/* Each CPU's part, of which the sum is added to `pages`. */
static __always_inline bool mem_parts_learn(struct mm_struct *mm, __u32 tgid, __s64 *pages)
{
	struct mem_cpu_part first = {.tgid = tgid, .learned_ns = bpf_ktime_get_ns()};
	__u64 key = (__u64)mm;

	if (bpf_map_update_elem(&mem_cpu_parts, &key, &first, BPF_ANY))
		return false;
	for (__u32 cpu = 0; cpu < MEM_MAX_CPUS; cpu++) {
		struct mem_cpu_part *part;
		__u64 offset;

		if (cpu >= mem_cpus)
			break;
		offset = mem_cpu_offset(cpu);
		part = bpf_map_lookup_percpu_elem(&mem_cpu_parts, &key, cpu);
		if (!offset || !part)
			continue;
		part->tgid = tgid;
		part->learned_ns = first.learned_ns;
		for (__u32 m = 0; m < MM_COUNTERS; m++) {
			part->pages[m] = rss_cpu_count(mm, m, offset);
			pages[m] += part->pages[m];
		}
	}
	mem_spaces_changed();
	return true;
}

/* All pages of a process, by kind, which are remembered as told. No part of its callers: before
 * 6.13 a program and all that it calls, such as the unwinder, share a stack of 512 bytes. */
static __noinline bool mem_space_learn(struct mm_struct *mm, __u32 tgid, __s64 *pages)
{
	struct mem_space space = {.tgid = tgid}, *known;
	__u64 key = (__u64)mm;

	space.total_vm = BPF_CORE_READ(mm, total_vm);
	for (__u32 m = 0; m < MM_COUNTERS; m++) {
		space.shared[m] = rss_shared_count(mm, m);
		pages[m] = space.shared[m];
		space.begun[m] = space.shared[m];
	}
	if (bpf_map_update_elem(&mem_spaces, &key, &space, BPF_ANY))
		return false;
	if (!mem_rss_exact)
		return true;
	if (!mem_parts_learn(mm, tgid, pages)) {
		bpf_map_delete_elem(&mem_spaces, &key);
		return false;
	}
	known = bpf_map_lookup_elem(&mem_spaces, &key);
	for (__u32 m = 0; known && m < MM_COUNTERS; m++)
		known->begun[m] = pages[m];
	return true;
}

static __always_inline void mem_space_forget(struct mm_struct *mm)
{
	__u64 key = (__u64)mm;

	if (bpf_map_delete_elem(&mem_spaces, &key) || !mem_rss_exact)
		return;
	bpf_map_delete_elem(&mem_cpu_parts, &key);
	mem_spaces_changed();
}

/*
 * The difference of the shared part since it was last looked at. Two CPUs that look at once may
 * take the same difference twice; then the next one is less by it, since each adds what it took.
 */
static __always_inline __s64 mem_shared_change(struct mem_space *space, struct mm_struct *mm,
					       __u32 member)
{
	__s64 *told = &space->shared[member & (MM_COUNTERS - 1)];
	__s64 change = rss_shared_count(mm, member) - *told;

	if (change)
		__sync_fetch_and_add(told, change);
	return change;
}

/* What only the shared part tells, where each CPU's cannot be read. */
static __always_inline bool mem_rss_shared_change(struct mm_struct *mm, __u32 member, __u32 *tgid,
						  __s64 *change)
{
	__u64 key = (__u64)mm;
	struct mem_space *space = bpf_map_lookup_elem(&mem_spaces, &key);

	if (!space)
		return false;
	*tgid = space->tgid;
	*change = mem_shared_change(space, mm, member);
	return true;
}

/* Changes what is cached. False if the address space is not known. Of a program that runs once at a
 * time on each CPU, which the kernel sees to. */
static __noinline bool mem_cache_part(struct mem_cpu *here, __u64 mm)
{
	struct mem_cached_part *cached = &here->cached;
	struct mem_cpu_part *known;
	__u32 epoch = mem_spaces_epoch;

	if (cached->mm) {
		known = bpf_map_lookup_elem(&mem_cpu_parts, &cached->mm);
		if (known && known->learned_ns == cached->part.learned_ns)
			*known = cached->part;
	}
	cached->mm = 0;
	known = bpf_map_lookup_elem(&mem_cpu_parts, &mm);
	if (!known)
		return false;
	cached->part = *known;
	cached->epoch = epoch;
	cached->mm = mm;
	return true;
}

/* Pages by which a counter changed just now on this CPU, and whose they are. False if the address
 * space is not known. `trusted`: as rss_cpu_counters(). */
static __always_inline bool mem_rss_change(struct mem_cpu *here, struct mm_struct *mm, __u32 member,
					   __u32 *tgid, __s64 *change, bool trusted)
{
	struct mem_space *space;
	__u64 key = (__u64)mm;
	__s32 now, *told;

	if (!mem_rss_exact)
		return mem_rss_shared_change(mm, member, tgid, change);
	if ((here->cached.mm != key || here->cached.epoch != mem_spaces_epoch) &&
	    !mem_cache_part(here, key))
		return false;
	*tgid = here->cached.part.tgid;
	now = rss_cpu_count_at(rss_cpu_counters(mm, member, trusted), mem_offset_of(here));
	told = &here->cached.part.pages[member & (MM_COUNTERS - 1)];
	*change = now - *told;
	*told = now;
	if (now)
		return true;
	/* The limit was reached if nothing is left of the part. */
	space = bpf_map_lookup_elem(&mem_spaces, &key);
	if (space)
		*change += mem_shared_change(space, mm, member);
	return true;
}

#endif
