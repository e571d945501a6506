/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures the kernel and user stacks of the current task into a stack record. */
#ifndef SONDE_STACK_BPF_H
#define SONDE_STACK_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/cpu_event.h"
#include <bpf/bpf_helpers.h>

const volatile bool stack_kernel = true;
const volatile bool stack_user = true;

struct stack_buffer {
	struct sonde_stack_record record;
	__u64 frames[2 * SONDE_MAX_FRAMES];
};

#define STACK_PART_SIZE (SONDE_MAX_FRAMES * sizeof(__u64))

static __always_inline __u64 stack_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
	return hash ^ (hash >> 29);
}

/*
 * Walks frame pointers through the kernel's own unwinder. A task without user memory (a kernel
 * thread) has no user stack: the helper fails for it, and that is not a failed walk.
 */
static __always_inline void stack_capture(void *ctx, struct stack_buffer *buffer,
					  bool has_user_memory)
{
	struct sonde_stack_record *record = &buffer->record;
	__u32 kernel_size = 0;
	long size;

	record->flags = 0;
	record->kernel_frames = 0;
	record->user_frames = 0;
	if (stack_kernel) {
		size = bpf_get_stack(ctx, buffer->frames, STACK_PART_SIZE, 0);
		if (size > 0) {
			kernel_size = (__u32)size;
			if (kernel_size > STACK_PART_SIZE)
				return;
			record->kernel_frames = kernel_size / sizeof(__u64);
			if (kernel_size == STACK_PART_SIZE)
				record->flags |= SONDE_STACK_KERNEL_DEPTH;
		}
	}
	if (!stack_user || !has_user_memory)
		return;
	size = bpf_get_stack(ctx, (void *)buffer->frames + kernel_size, STACK_PART_SIZE,
			     BPF_F_USER_STACK);
	if (size < 0) {
		record->flags |= SONDE_STACK_USER_FAILED;
		return;
	}
	record->user_frames = (__u32)size / sizeof(__u64);
	if (size == STACK_PART_SIZE)
		record->flags |= SONDE_STACK_USER_DEPTH;
}

/* A 64-bit name for everything in the record but its header. */
static __always_inline __u64 stack_key(struct stack_buffer *buffer, __u32 exec_id)
{
	struct sonde_stack_record *record = &buffer->record;
	__u64 *comm = (__u64 *)record->comm;
	__u32 frames = record->kernel_frames + record->user_frames;
	__u64 hash = stack_mix(record->tid, (__u64)record->tgid << 32 | exec_id);

	hash = stack_mix(hash, comm[0]);
	hash = stack_mix(hash, comm[1]);
	hash = stack_mix(hash, (__u64)record->kernel_frames << 32 | record->flags);
	hash = stack_mix(hash, record->label);
	for (__u32 i = 0; i < 2 * SONDE_MAX_FRAMES; i++) {
		if (i >= frames)
			break;
		hash = stack_mix(hash, buffer->frames[i]);
	}
	return hash;
}

#endif
