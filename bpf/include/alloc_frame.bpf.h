/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the calls of a program from those that an allocator's functions make to each other, such as
 * realloc to malloc. Without probes at their returns: a call from the allocator's own code is one
 * of its own, and so is one that is entered by a jump.
 */
#ifndef SONDE_ALLOC_FRAME_BPF_H
#define SONDE_ALLOC_FRAME_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/alloc_event.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* A call of an allocator's function. */
struct alloc_frame {
	__u64 address;	 /* where its return address is */
	__u64 return_to; /* which that is */
	__u32 function;
	__u32 tid;
};

/* Where functions return to whose return the kernel watches (uprobe_get_trampoline_vaddr() in
 * kernel/events/uprobes.c); 0 if it watches none of the process's. */
static __always_inline __u64 alloc_trampoline(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;

	return mm ? BPF_CORE_READ(mm, uprobes_state.xol_area, vaddr) : 0;
}

static __always_inline bool alloc_is_own_call(const struct alloc_frame *frame, __u64 at,
					      __u64 cookie, const struct alloc_frame *last)
{
	if (frame->return_to - at < SONDE_ALLOC_ABOVE(cookie) ||
	    at - frame->return_to <= SONDE_ALLOC_BELOW(cookie))
		return true;
	/* By a jump from another function: the same return address in the same place. */
	return last->address == frame->address && last->return_to == frame->return_to &&
	       last->tid == frame->tid && last->function != frame->function;
}

/* Whether `outer`, whose return is watched, was left without: its return address is overwritten. */
static __always_inline bool alloc_was_left(__u64 outer, __u64 trampoline)
{
	__u64 word = 0;

	return bpf_probe_read_user(&word, sizeof(word), (void *)outer) || word != trampoline;
}

#endif
