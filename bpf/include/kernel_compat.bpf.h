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

#define TIF_ADDR32 29 /* arch/x86/include/asm/thread_info.h: 32-bit address space */

/* `task` is a pointer that the verifier knows. */
static __always_inline bool is_compat_process(struct task_struct *task)
{
	return task->thread_info.flags >> TIF_ADDR32 & 1;
}

#endif
