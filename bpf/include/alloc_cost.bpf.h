/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What breakpoints cost their thread, measured where they are hit. In the windows of a duty cycle a
 * function has two of them, at instructions next to each other: from the end of the program at the
 * first to the start of the one at the second, the thread does nothing but leave one trap and enter
 * the next. That, and the time that programs take, is what a hit costs there and then.
 */
#ifndef SONDE_ALLOC_COST_BPF_H
#define SONDE_ALLOC_COST_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/alloc_event.h"
#include <bpf/bpf_helpers.h>

/* Closed between the windows of a duty cycle, while breakpoints come and go. */
volatile __u32 alloc_window = 0;
volatile __u32 alloc_measures = 0;

/* In a longer gap there was an interrupt, and in one that is longer still another thread. */
#define ALLOC_LONGEST_GAP_NS	   16384
#define ALLOC_LONGEST_INTERRUPT_NS 1000000

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_alloc_cost);
} alloc_costs SEC(".maps");

/* A point in the life of a thread. */
struct alloc_moment {
	__u64 time_ns;
	__u64 tid;
	__u64 switches; /* how often it had left its CPU */
};

/* When the last program at a first breakpoint ended. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct alloc_moment);
} alloc_ends SEC(".maps");

static __always_inline void alloc_moment_now(struct alloc_moment *moment)
{
	struct task_struct *task = bpf_get_current_task_btf();

	moment->tid = task->pid;
	moment->switches = task->nvcsw + task->nivcsw;
	moment->time_ns = bpf_ktime_get_ns();
}

/* False if costs are not measured now. */
static __always_inline bool alloc_begin_measuring(struct alloc_moment *moment)
{
	if (!alloc_measures || !alloc_window)
		return false;
	alloc_moment_now(moment);
	return true;
}

/* How long the thread took from one moment to another; 0 if it did not run all the time. */
static __always_inline __u64 alloc_between(const struct alloc_moment *from,
					   const struct alloc_moment *to)
{
	__u64 time = to->time_ns - from->time_ns;

	if (from->tid != to->tid || from->switches != to->switches)
		return 0;
	return time < ALLOC_LONGEST_INTERRUPT_NS ? time : 0;
}

/* Programs that take a stack are longer than any gap. */
static __always_inline void alloc_add_program(struct sonde_alloc_cost *cost,
					      const struct alloc_moment *from,
					      const struct alloc_moment *to)
{
	__sync_fetch_and_add(&cost->program_ns, alloc_between(from, to));
}

/* A program that began at `start` ends. `waits`: the kernel has more to do than at other hits. */
static __always_inline void alloc_end_first(const struct alloc_moment *start, bool waits)
{
	__u32 zero = 0;
	struct sonde_alloc_cost *cost = bpf_map_lookup_elem(&alloc_costs, &zero);
	struct alloc_moment *end = bpf_map_lookup_elem(&alloc_ends, &zero);
	struct alloc_moment now;

	if (!cost || !end)
		return;
	alloc_moment_now(&now);
	*end = now;
	if (waits)
		end->tid = 0;
	alloc_add_program(cost, start, &now);
}

static __always_inline void alloc_measure_second(void)
{
	struct alloc_moment start, now;
	struct sonde_alloc_cost *cost;
	struct alloc_moment *end;
	__u32 zero = 0;
	__u64 gap;

	alloc_moment_now(&start);
	cost = bpf_map_lookup_elem(&alloc_costs, &zero);
	end = bpf_map_lookup_elem(&alloc_ends, &zero);
	if (!cost || !end)
		return;
	__sync_fetch_and_add(&cost->seconds, 1);
	if (!alloc_window)
		return;
	gap = alloc_between(end, &start);
	end->tid = 0;
	if (gap >= ALLOC_LONGEST_GAP_NS) {
		__sync_fetch_and_add(&cost->interrupted_ns, gap);
	} else if (gap) {
		__sync_fetch_and_add(&cost->gaps, 1);
		__sync_fetch_and_add(&cost->gap_ns, gap);
	}
	alloc_moment_now(&now);
	alloc_add_program(cost, &start, &now);
}

#endif
