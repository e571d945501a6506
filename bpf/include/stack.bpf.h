/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures the kernel and user stacks of the current task into a stack record. */
#ifndef SONDE_STACK_BPF_H
#define SONDE_STACK_BPF_H

#include "kernel_types.bpf.h"
#include "unwind.bpf.h"
#include "../shared/stack_event.h"
#include <bpf/bpf_helpers.h>

const volatile bool stack_kernel = true;
const volatile bool stack_user = true;

struct stack_buffer {
	struct sonde_stack_record record;
	__u64 frames[SONDE_MAX_FRAMES + SONDE_MAX_UNWOUND_FRAMES];
};

#define STACK_PART_SIZE (SONDE_MAX_FRAMES * sizeof(__u64))

static __always_inline __u64 stack_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
	return hash ^ (hash >> 29);
}

/* By frame pointers, through the kernel's own unwinder. */
static __always_inline void walk_user(void *ctx, struct stack_buffer *buffer, __u32 kernel_size)
{
	struct sonde_stack_record *record = &buffer->record;
	long size = bpf_get_stack(ctx, (void *)buffer->frames + kernel_size, STACK_PART_SIZE,
				  BPF_F_USER_STACK);

	if (size < 0) {
		record->flags |= SONDE_STACK_USER_FAILED;
		return;
	}
	record->user_frames = (__u32)size / sizeof(__u64);
	if (size == STACK_PART_SIZE)
		record->flags |= SONDE_STACK_USER_DEPTH;
}

/* Of the kernel's stack, those of the program and what runs it; set by user space. */
const volatile __u32 stack_own_frames = 0;

/* Parts of a stack to capture, if they are wanted at all. */
#define STACK_KERNEL (1u << 0)
#define STACK_USER   (1u << 1)
#define STACK_BOTH   (STACK_KERNEL | STACK_USER)

/* A kernel thread has no user memory, and no user stack. `cfi`: whether the kernel lets programs
 * read the current task's members. */
static __always_inline bool stack_has_user_memory(bool cfi)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return cfi ? bpf_get_current_task_btf()->mm != NULL : BPF_CORE_READ(task, mm) != NULL;
}

/*
 * With `cfi` the user frames are left in the state that is returned; without, or where that is
 * NULL, they are in the buffer.
 */
static __always_inline struct unwind_state *stack_capture(void *ctx, struct stack_buffer *buffer,
							  __u32 tgid, __u32 parts, bool cfi)
{
	struct sonde_stack_record *record = &buffer->record;
	struct unwind_state *unwound;
	__u32 kernel_size = 0;
	long size;

	record->flags = 0;
	record->kernel_frames = 0;
	record->user_frames = 0;
	if (stack_kernel && parts & STACK_KERNEL) {
		size = bpf_get_stack(ctx, buffer->frames, STACK_PART_SIZE,
				     stack_own_frames & BPF_F_SKIP_FIELD_MASK);
		if (size > 0) {
			kernel_size = (__u32)size;
			if (kernel_size > STACK_PART_SIZE)
				return NULL;
			record->kernel_frames = kernel_size / sizeof(__u64);
			if (kernel_size == STACK_PART_SIZE)
				record->flags |= SONDE_STACK_KERNEL_DEPTH;
		}
	}
	if (!stack_user || !(parts & STACK_USER))
		return NULL;
	if (cfi) {
		unwound = unwind_user(tgid);
		if (unwound) {
			record->user_frames = unwound->frames_count;
			record->flags |= unwound->stop;
			return unwound;
		}
	}
	if (stack_has_user_memory(cfi))
		walk_user(ctx, buffer, kernel_size);
	return NULL;
}

/* A 64-bit name for everything in the record but its header. `unwound_hash`: of the user frames, if
 * they are not in the buffer. */
static __always_inline __u64 stack_key(struct stack_buffer *buffer, __u32 exec_id,
				       const struct unwind_state *unwound)
{
	struct sonde_stack_record *record = &buffer->record;
	__u64 *comm = (__u64 *)record->comm;
	__u32 frames = record->kernel_frames;
	__u64 hash = stack_mix(record->tid, (__u64)record->tgid << 32 | exec_id);

	hash = stack_mix(hash, comm[0]);
	hash = stack_mix(hash, comm[1]);
	hash = stack_mix(hash, (__u64)record->kernel_frames << 32 | record->flags);
	hash = stack_mix(hash, record->label);
	if (unwound)
		hash = stack_mix(hash, unwound->hash);
	else
		frames += record->user_frames;
	for (__u32 i = 0; i < 2 * SONDE_MAX_FRAMES; i++) {
		if (i >= frames)
			break;
		hash = stack_mix(hash, buffer->frames[i]);
	}
	return hash;
}

/* Puts the user frames behind the kernel's. */
static __always_inline void stack_append(struct stack_buffer *buffer,
					 const struct unwind_state *unwound)
{
	__u64 kernel_frames = buffer->record.kernel_frames;
	__u64 size = buffer->record.user_frames * sizeof(__u64);

	/* What is compared must be what is used. */
	asm volatile("" : "+r"(kernel_frames));
	if (kernel_frames > SONDE_MAX_FRAMES)
		return;
	asm volatile("" : "+r"(kernel_frames));
	asm volatile("" : "+r"(size));
	if (size > SONDE_MAX_UNWOUND_FRAMES * sizeof(__u64))
		return;
	asm volatile("" : "+r"(size));
	bpf_probe_read_kernel(buffer->frames + kernel_frames, size, unwound->frames);
}

#endif
