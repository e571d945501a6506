/* SPDX-License-Identifier: GPL-2.0-only */
/* Every difference between kernels that a program must know of, with the commit that made it. */
#ifndef SONDE_KERNEL_COMPAT_BPF_H
#define SONDE_KERNEL_COMPAT_BPF_H

#include "kernel_types.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct___before_5_14 {
	long state;
} __attribute__((preserve_access_index));

/* 2f064a59a11f ("sched: Change task_struct::state") renamed and narrowed it in 5.14. */
static __always_inline unsigned int task_state(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return (unsigned int)BPF_CORE_READ(old, state);
}

struct mm_struct___before_6_13 {
	int mm_lock_seq;
} __attribute__((preserve_access_index));

/*
 * A number that changes when the address space's mappings do. eb449bd96954 ("mm: convert
 * mm_lock_seq to a proper seqcount") changed its type in 6.13; 5e31275cc997 ("mm: add per-VMA lock
 * and helper functions to control it") brought it in 6.4, with CONFIG_PER_VMA_LOCK. Without it what
 * is counted of the mappings must do. `mm` is a pointer that the verifier knows.
 */
static __always_inline __u32 mappings_version(struct mm_struct *mm)
{
	struct mm_struct___before_6_13 *old = (void *)mm;

	if (bpf_core_field_exists(mm->mm_lock_seq.sequence))
		return mm->mm_lock_seq.sequence;
	if (bpf_core_field_exists(old->mm_lock_seq))
		return (__u32)old->mm_lock_seq;
	return (__u32)mm->map_count ^ (__u32)mm->exec_vm << 16;
}

/* Whether no two states of the mappings have one version. */
static __always_inline bool mappings_version_is_exact(struct mm_struct *mm)
{
	struct mm_struct___before_6_13 *old = (void *)mm;

	return bpf_core_field_exists(mm->mm_lock_seq.sequence) ||
	       bpf_core_field_exists(old->mm_lock_seq);
}

#define MM_FILEPAGES  0 /* include/linux/mm_types_task.h */
#define MM_ANONPAGES  1
#define MM_SWAPENTS   2
#define MM_SHMEMPAGES 3
#define MM_COUNTERS   4

struct mm_rss_stat {
	__s64 count[MM_COUNTERS];
} __attribute__((preserve_access_index));

struct mm_struct___before_6_2 {
	struct mm_rss_stat rss_stat;
} __attribute__((preserve_access_index));

/*
 * f1a7941243c1 ("mm: convert mm's rss stats into percpu_counter") in 6.2. Before, each thread
 * counted up to 64 page faults for itself before it added them to the process's counter.
 */
static __always_inline bool rss_is_per_cpu(void)
{
	return !bpf_core_type_exists(struct mm_rss_stat);
}

/* The part of a counter of pages that all CPUs share. */
static __always_inline __s64 rss_shared_count(struct mm_struct *mm, __u32 member)
{
	void *counter = (void *)mm;
	__s64 count = 0;

	if (rss_is_per_cpu())
		counter += bpf_core_field_offset(struct mm_struct, rss_stat) +
			   member * bpf_core_type_size(struct percpu_counter) +
			   bpf_core_field_offset(struct percpu_counter, count);
	else
		counter += bpf_core_field_offset(struct mm_struct___before_6_2, rss_stat) +
			   member * sizeof(__s64);
	bpf_probe_read_kernel(&count, sizeof(count), counter);
	return count;
}

/* Pointer to a counter's part of each CPU. `trusted`: the verifier knows `mm` and lets it be read
 * without a helper, but only at places that are known before. */
static __always_inline __u64 rss_cpu_counters(struct mm_struct *mm, __u32 member, bool trusted)
{
	void *counter = (void *)mm + bpf_core_field_offset(struct mm_struct, rss_stat) +
			member * bpf_core_type_size(struct percpu_counter);
	__u64 counters = 0;

	if (trusted) {
		switch (member) {
		case MM_FILEPAGES:
			return (__u64)mm->rss_stat[MM_FILEPAGES].counters;
		case MM_ANONPAGES:
			return (__u64)mm->rss_stat[MM_ANONPAGES].counters;
		case MM_SHMEMPAGES:
			return (__u64)mm->rss_stat[MM_SHMEMPAGES].counters;
		default:
			return 0;
		}
	}
	bpf_probe_read_kernel(&counters, sizeof(counters),
			      counter + bpf_core_field_offset(struct percpu_counter, counters));
	return counters;
}

/* One CPU's part, whose per-CPU memory is at `cpu_offset`. */
static __always_inline __s32 rss_cpu_count_at(__u64 counters, __u64 cpu_offset)
{
	__s32 count = 0;

	bpf_probe_read_kernel(&count, sizeof(count), (void *)(counters + cpu_offset));
	return count;
}

static __always_inline __s32 rss_cpu_count(struct mm_struct *mm, __u32 member, __u64 cpu_offset)
{
	return rss_cpu_count_at(rss_cpu_counters(mm, member, false), cpu_offset);
}

/* Of the process whose address space it is; the current task's where that is not known, such as
 * while a process frees its own at its end. */
static __always_inline void mm_owner_comm(struct mm_struct *mm, char *comm)
{
	struct task_struct *owner = NULL;

	if (bpf_core_field_exists(mm->owner))
		owner = BPF_CORE_READ(mm, owner);
	if (owner)
		bpf_probe_read_kernel(comm, 16, &owner->comm);
	else
		bpf_get_current_comm(comm, 16);
}

#define TIF_ADDR32 29 /* arch/x86/include/asm/thread_info.h: 32-bit address space */

/* `task` is a pointer that the verifier knows. */
static __always_inline bool is_compat_process(struct task_struct *task)
{
	return task->thread_info.flags >> TIF_ADDR32 & 1;
}

#endif
