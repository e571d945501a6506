/* SPDX-License-Identifier: GPL-2.0-only */
/* The faults lane: how the memory of processes grows and shrinks, by user stack. */
#ifndef SONDE_MEM_FAULTS_BPF_H
#define SONDE_MEM_FAULTS_BPF_H

#include "kernel_types.bpf.h"
#include "kernel_compat.bpf.h"
#include "gate.bpf.h"
#include "filter.bpf.h"
#include "mem_rss.bpf.h"
#include "mem_sampling.bpf.h"
#include "stack_counts.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* Set by user space. */
const volatile __u64 mem_page_bytes = 4096;
const volatile bool mem_sees_ends = true; /* of address spaces: none is another's by its address */

/* One change of one process, as it is recorded. */
struct mem_change {
	__u64 weight;
	__u32 tgid;
	__u32 label;
	__u32 parts; /* STACK_* */
};

/* Whether the change is to be recorded, and as how much; counted if it is not. */
static __always_inline bool mem_is_wanted(struct mem_cpu *here, struct mem_change *change)
{
	struct sonde_mem_counters *c = &here->counters;
	__u32 what = SONDE_MEM_WHAT(change->label);

	c->seen++;
	if (sonde_gate == SONDE_GATE_PAUSED) {
		c->filtered_paused++;
		return false;
	}
	/* The weight of a major fault is a time, and there are few. */
	if (mem_distance <= 1 || what == SONDE_MEM_MAJOR)
		return true;
	if (!mem_is_between_samples(here, change->weight)) {
		change->weight = mem_sampled_bytes(here, what, change->weight);
		if (change->weight)
			return true;
	}
	c->filtered_unsampled++;
	return false;
}

/* Why the current task's own memory changes, for its label: the system call that it is in, or a
 * fault of its own. `cfi`: only programs of 5.15 and later may ask. */
static __always_inline __u32 mem_own_cause(bool cfi)
{
	struct task_struct *task;
	struct pt_regs *registers;
	__s64 number;

	if (!cfi)
		return SONDE_MEM_CAUSE_UNKNOWN;
	task = bpf_get_current_task_btf();
	registers = (struct pt_regs *)bpf_task_pt_regs(task);
	number = (__s64)registers->orig_ax;
	if (number < 0 || number >= SONDE_MEM_CAUSE_UNKNOWN)
		return SONDE_MEM_CAUSE_FAULT;
	return SONDE_MEM_LABEL(0, 0, number, is_compat_process(task));
}

/* Why the memory of another address space than the current task's changes. */
static __always_inline __u32 mem_foreign_cause(__u32 tgid)
{
	struct task_struct *task = filter_current();

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return SONDE_MEM_CAUSE_KERNEL;
	if (filter_tgid_of(task) != tgid)
		return SONDE_MEM_CAUSE_OTHER;
	/* execve() has the new address space before it frees the old one; exit has none. */
	return BPF_CORE_READ(task, mm) ? SONDE_MEM_CAUSE_EXEC : SONDE_MEM_CAUSE_EXIT;
}

static __always_inline bool mem_put(void *ctx, struct mem_cpu *here,
				    const struct mem_change *change, bool cfi)
{
	if (!stack_counts_add(ctx, change->tgid, 0, change->label, change->weight, change->parts,
			      cfi)) {
		here->counters.lost_map_full++;
		return false;
	}
	here->counters.recorded++;
	return true;
}

/* What the current task does to its own memory. The label has no cause yet. */
static __always_inline bool mem_put_own(void *ctx, struct mem_cpu *here, struct mem_change *change,
					bool cfi)
{
	change->parts = STACK_USER;
	change->label |= mem_own_cause(cfi);
	return mem_put(ctx, here, change, cfi);
}

/* The same where the current task is another than the process, or has no stack now. */
static __always_inline bool mem_put_foreign(void *ctx, struct mm_struct *mm, struct mem_cpu *here,
					    struct mem_change *change)
{
	char comm[SONDE_COMM_LENGTH] __attribute__((aligned(8)));

	change->label |= mem_foreign_cause(change->tgid);
	mm_owner_comm(mm, comm);
	if (!stack_counts_add_of(ctx, change->tgid, comm, change->label, change->weight, 0)) {
		here->counters.lost_map_full++;
		return false;
	}
	here->counters.recorded++;
	return true;
}

/* Of the stack that was recorded just now. */
static __always_inline __u64 mem_last_key(void)
{
	struct stack_buffer *buffer;
	__u32 zero = 0;

	buffer = bpf_map_lookup_elem(&scratch, &zero);
	return buffer ? buffer->record.key : 0;
}

/* Begins with what a process has now. False if it is no target, and counted unless tracing has not
 * begun. */
static __always_inline bool mem_meet(struct task_struct *task, struct mm_struct *mm,
				     struct mem_cpu *here, __u32 *tgid, __s64 *pages)
{
	*tgid = filter_tgid_of(task);
	if (sonde_gate == SONDE_GATE_CLOSED) {
		if (*tgid && *tgid != filter_self_tgid && filter_passes(task, *tgid))
			mem_space_learn(mm, *tgid, pages);
		return false;
	}
	if (*tgid == filter_self_tgid)
		here->counters.filtered_self++;
	else if (!*tgid || !filter_passes(task, *tgid))
		here->counters.filtered_target++;
	else if (mem_space_learn(mm, *tgid, pages))
		return true;
	else
		here->counters.lost_spaces_full++;
	here->counters.seen++;
	return false;
}

/* `cfi`: the verifier knows the pointers to tasks and address spaces. */
static __always_inline bool mem_is_own(struct mm_struct *mm, bool cfi)
{
	if (cfi)
		return bpf_get_current_task_btf()->mm == mm;
	return BPF_CORE_READ(filter_current(), mm) == mm;
}

static __always_inline void mem_met_late(struct mm_struct *mm, struct mem_cpu *here)
{
	__s64 pages[MM_COUNTERS] = {};
	__u32 tgid;

	if (!mem_meet(filter_current(), mm, here, &tgid, pages))
		return;
	here->counters.seen++;
	here->counters.filtered_target++;
}

static __always_inline void mem_remember_growth(struct mm_struct *mm)
{
	__u64 key = (__u64)mm;
	struct mem_space *space = bpf_map_lookup_elem(&mem_spaces, &key);

	if (space)
		space->last_growth = mem_last_key();
}

/* Each page that any process touches comes here: what most of them need not know is found out
 * last. */
static __always_inline int mem_rss(void *ctx, struct mm_struct *mm, __u32 member, bool cfi)
{
	struct mem_cpu *here = mem_cpu_here();
	struct mem_change change = {};
	__s64 difference = 0;
	bool recorded;

	if (!here)
		return 0;
	here->counters.runs++;
	if (sonde_gate == SONDE_GATE_CLOSED || member == MM_SWAPENTS || member >= MM_COUNTERS)
		return 0;
	if (!mem_rss_change(here, mm, member, &change.tgid, &difference, cfi)) {
		/* What is not the current task's and not known is being made, or no target's. */
		if (mem_is_own(mm, cfi))
			mem_met_late(mm, here);
		return 0;
	}
	if (!difference)
		return 0;
	change.label =
	    SONDE_MEM_LABEL(difference > 0 ? SONDE_MEM_GROWTH : SONDE_MEM_RELEASE, member, 0, 0);
	change.weight = (difference > 0 ? difference : -difference) * mem_page_bytes;
	if (!mem_is_wanted(here, &change))
		return 0;
	recorded = mem_is_own(mm, cfi) ? mem_put_own(ctx, here, &change, cfi)
				       : mem_put_foreign(ctx, mm, here, &change);
	if (recorded && difference > 0)
		mem_remember_growth(mm);
	return 0;
}

SEC("?tp_btf/rss_stat")
int BPF_PROG(mem_rss_stat, struct mm_struct *mm, int member)
{
	return mem_rss(ctx, mm, member, false);
}

/* Instead of the one above where call frame information can be used. */
SEC("?tp_btf/rss_stat")
int BPF_PROG(mem_rss_stat_cfi, struct mm_struct *mm, int member)
{
	return mem_rss(ctx, mm, member, true);
}

/* A process that begins with memory: it grew from nothing. Those that begin while the seed is made
 * are learned, too. */
static __always_inline int mem_begin(void *ctx, struct task_struct *of, struct mm_struct *mm,
				     __u32 cause, __u32 parts, bool cfi)
{
	struct mem_cpu *here = mem_cpu_here();
	struct mem_change change = {.parts = parts};
	__s64 pages[MM_COUNTERS] = {};
	struct mem_space *known;
	__u64 key = (__u64)mm;

	if (!here)
		return 0;
	known = mem_sees_ends ? bpf_map_lookup_elem(&mem_spaces, &key) : NULL;
	if (known) {
		/* Met between its begin and here: what it has got since then was told. */
		change.tgid = known->tgid;
		for (__u32 m = 0; m < MM_COUNTERS; m++)
			pages[m] = known->begun[m];
	} else if (!mem_meet(of, mm, here, &change.tgid, pages)) {
		return 0;
	}
	if (sonde_gate == SONDE_GATE_CLOSED)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 m = 0; m < MM_COUNTERS; m++) {
		if (m == MM_SWAPENTS || pages[m] <= 0)
			continue;
		change.weight = pages[m] * mem_page_bytes;
		change.label = SONDE_MEM_LABEL(SONDE_MEM_GROWTH, m, cause, 0);
		if (mem_is_wanted(here, &change))
			mem_put(ctx, here, &change, cfi);
	}
	return 0;
}

/* The copy of the parent's memory, with the stack of the parent's fork(). */
static __always_inline int mem_forked(void *ctx, struct task_struct *parent,
				      struct task_struct *child, bool cfi)
{
	struct mm_struct *mm = BPF_CORE_READ(child, mm);

	if (!mm || mm == BPF_CORE_READ(parent, mm))
		return 0;
	return mem_begin(ctx, child, mm, SONDE_MEM_CAUSE_FORK, STACK_USER, cfi);
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(mem_fork, struct task_struct *parent, struct task_struct *child)
{
	return mem_forked(ctx, parent, child, false);
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(mem_fork_cfi, struct task_struct *parent, struct task_struct *child)
{
	return mem_forked(ctx, parent, child, true);
}

/* The new program has no stack yet. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(mem_exec, struct task_struct *task)
{
	return mem_begin(ctx, task, BPF_CORE_READ(task, mm), SONDE_MEM_CAUSE_EXEC, 0, false);
}

/* Its pages are gone by now. */
SEC("?tp_btf/exit_mmap")
int BPF_PROG(mem_exit_mmap, struct mm_struct *mm)
{
	mem_space_forget(mm);
	return 0;
}

/* The address space: whoever changes it holds this lock. */
static __always_inline int mem_unlocked(void *ctx, struct mm_struct *mm, bool cfi)
{
	struct mem_cpu *here = mem_cpu_here();
	struct mem_change change = {};
	struct mem_space *space;
	__u64 key = (__u64)mm;
	__s64 difference;

	if (!here)
		return 0;
	here->counters.runs++;
	if (sonde_gate == SONDE_GATE_CLOSED || !mem_is_own(mm, cfi))
		return 0;
	space = bpf_map_lookup_elem(&mem_spaces, &key);
	if (!space)
		return 0;
	difference = (cfi ? mm->total_vm : BPF_CORE_READ(mm, total_vm)) - space->total_vm;
	if (!difference)
		return 0;
	__sync_fetch_and_add(&space->total_vm, difference);
	change.tgid = space->tgid;
	change.weight = (difference > 0 ? difference : -difference) * mem_page_bytes;
	change.label = SONDE_MEM_LABEL(difference > 0 ? SONDE_MEM_MAP : SONDE_MEM_UNMAP, 0, 0, 0);
	if (mem_is_wanted(here, &change))
		mem_put_own(ctx, here, &change, cfi);
	return 0;
}

SEC("?tp_btf/mmap_lock_released")
int BPF_PROG(mem_unlock, struct mm_struct *mm)
{
	return mem_unlocked(ctx, mm, false);
}

SEC("?tp_btf/mmap_lock_released")
int BPF_PROG(mem_unlock_cfi, struct mm_struct *mm)
{
	return mem_unlocked(ctx, mm, true);
}

static __always_inline void mem_write_space(struct bpf_iter__task *ctx, struct task_struct *task,
					    struct mm_struct *mm, __u32 tgid, const __s64 *pages)
{
	struct sonde_mem_space out = {.mm = (__u64)mm, .tgid = tgid};

	BPF_CORE_READ_STR_INTO(&out.comm, task, group_leader, comm);
	for (__u32 m = 0; m < MM_COUNTERS; m++)
		out.pages[m] = pages[m];
	out.total_pages = BPF_CORE_READ(mm, total_vm);
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
}

/* Where the targets are when tracing begins; while the gate is closed. */
SEC("?iter/task")
int mem_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__s64 pages[MM_COUNTERS] = {};
	struct mm_struct *mm;
	__u64 key;
	__u32 tgid;

	if (!task)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	key = (__u64)mm;
	if (!mm || BPF_CORE_READ(task, flags) & PF_KTHREAD ||
	    bpf_map_lookup_elem(&mem_spaces, &key))
		return 0;
	tgid = filter_tgid_of(task);
	if (!tgid || tgid == filter_self_tgid || !filter_passes(task, tgid))
		return 0;
	if (mem_space_learn(mm, tgid, pages))
		mem_write_space(ctx, task, mm, tgid, pages);
	return 0;
}

/* Where they are now. A process is written once for each of its threads that is not exiting. */
SEC("?iter/task")
int mem_list(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__s64 pages[MM_COUNTERS] = {};
	struct mem_space *space;
	struct mm_struct *mm;
	__u64 key;

	if (!task)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	key = (__u64)mm;
	space = bpf_map_lookup_elem(&mem_spaces, &key);
	if (!mm || !space)
		return 0;
	mem_rss_total(mm, pages);
	mem_write_space(ctx, task, mm, space->tgid, pages);
	return 0;
}

#endif
