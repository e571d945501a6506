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
#include "../shared/mem_event.h"
#include <bpf/bpf_helpers.h>

#define MEM_MAX_SPACES 32768
#define MEM_MAX_CPUS   512

/* Set by user space. */
const volatile __u32 mem_cpus = 1;	  /* that are possible */
const volatile bool mem_rss_exact = true; /* each CPU's part can be read */

/*
 * What to add to a per-CPU pointer to get to a CPU's memory. The kernel has a variable for it, but
 * no name for it where data has no symbols. A map's own memory tells as much: the kernel holds the
 * per-CPU pointer, and a lookup gives the address.
 */
struct mem_offset {
	__u64 bytes; /* 0: not known yet */
	volatile __u64 map;
	volatile __u64 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mem_offset);
} mem_offsets SEC(".maps");

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

struct mem_cpu_key {
	__u64 mm;
	__u64 cpu;
};

struct mem_cpu_part {
	__s32 pages[MM_COUNTERS];
};

/* Only parts that are not zero. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * MEM_MAX_SPACES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mem_cpu_key);
	__type(value, struct mem_cpu_part);
} mem_cpu_parts SEC(".maps");

static __always_inline __u64 mem_offset_bytes(struct mem_offset *offset)
{
	__u64 pointer = 0;

	if (!offset)
		return 0;
	if (!offset->bytes) {
		/* Read back they are numbers. */
		offset->map = (__u64)&mem_offsets;
		offset->address = (__u64)offset;
		bpf_probe_read_kernel(
		    &pointer, sizeof(pointer),
		    (void *)(offset->map + bpf_core_field_offset(struct bpf_array, pptrs)));
		offset->bytes = offset->address - pointer;
	}
	return offset->bytes;
}

/* Needs a helper of 5.19. */
static __always_inline __u64 mem_cpu_offset(__u32 cpu)
{
	__u32 zero = 0;

	return mem_offset_bytes(bpf_map_lookup_percpu_elem(&mem_offsets, &zero, cpu));
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

/* The same, and remembers them as told. No part of its callers: before 6.13 a program and all that
 * it calls, such as the unwinder, share a stack of 512 bytes. */
static __noinline bool mem_space_learn(struct mm_struct *mm, __u32 tgid, __s64 *pages)
{
	struct mem_space space = {.tgid = tgid}, *known;
	struct mem_cpu_key key = {.mm = (__u64)mm};

	space.total_vm = BPF_CORE_READ(mm, total_vm);
	for (__u32 m = 0; m < MM_COUNTERS; m++) {
		space.shared[m] = rss_shared_count(mm, m);
		pages[m] = space.shared[m];
		space.begun[m] = space.shared[m];
	}
	if (bpf_map_update_elem(&mem_spaces, &key.mm, &space, BPF_ANY))
		return false;
	if (!mem_rss_exact)
		return true;
	for (__u32 cpu = 0; cpu < MEM_MAX_CPUS; cpu++) {
		struct mem_cpu_part part;
		__u64 offset;

		if (cpu >= mem_cpus)
			break;
		offset = mem_cpu_offset(cpu);
		if (!offset)
			continue;
		for (__u32 m = 0; m < MM_COUNTERS; m++) {
			part.pages[m] = rss_cpu_count(mm, m, offset);
			pages[m] += part.pages[m];
		}
		if (!(part.pages[0] | part.pages[1] | part.pages[2] | part.pages[3]))
			continue;
		key.cpu = cpu;
		if (bpf_map_update_elem(&mem_cpu_parts, &key, &part, BPF_ANY))
			return false;
	}
	known = bpf_map_lookup_elem(&mem_spaces, &key.mm);
	for (__u32 m = 0; known && m < MM_COUNTERS; m++)
		known->begun[m] = pages[m];
	return true;
}

static __always_inline void mem_space_forget(struct mm_struct *mm)
{
	struct mem_cpu_key key = {.mm = (__u64)mm};

	if (bpf_map_delete_elem(&mem_spaces, &key.mm) || !mem_rss_exact)
		return;
	for (__u32 cpu = 0; cpu < MEM_MAX_CPUS; cpu++) {
		if (cpu >= mem_cpus)
			break;
		key.cpu = cpu;
		bpf_map_delete_elem(&mem_cpu_parts, &key);
	}
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

/* Pages by which a counter changed just now on this CPU. False if there is no room to remember it.
 */
static __always_inline bool mem_rss_change(struct mem_space *space, struct mm_struct *mm,
					   __u32 member, __s64 *change)
{
	struct mem_cpu_key key = {.mm = (__u64)mm, .cpu = bpf_get_smp_processor_id()};
	struct mem_cpu_part *known;
	__u32 zero = 0;
	__s32 now, *told;

	if (!mem_rss_exact) {
		*change = mem_shared_change(space, mm, member);
		return true;
	}
	now = rss_cpu_count(mm, member, mem_offset_bytes(bpf_map_lookup_elem(&mem_offsets, &zero)));
	/* The limit was reached if nothing is left of the part. */
	*change = now ? 0 : mem_shared_change(space, mm, member);
	known = bpf_map_lookup_elem(&mem_cpu_parts, &key);
	if (!known) {
		struct mem_cpu_part part = {};

		if (!now)
			return true;
		part.pages[member & (MM_COUNTERS - 1)] = now;
		*change += now;
		return !bpf_map_update_elem(&mem_cpu_parts, &key, &part, BPF_ANY);
	}
	told = &known->pages[member & (MM_COUNTERS - 1)];
	*change += now - *told;
	*told = now;
	return true;
}

#endif
