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

#endif
