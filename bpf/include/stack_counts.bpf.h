/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts stacks, each by a hash of what it is. A stack is sent to user space once per drain; after
 * that only its count moves.
 */
#ifndef SONDE_STACK_COUNTS_BPF_H
#define SONDE_STACK_COUNTS_BPF_H

#include "kernel_types.bpf.h"
#include "stack.bpf.h"
#include "stack_dump.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct count_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set by user space */
	__type(key, __u64);
	__type(value, __u64);
};

struct count_map counts_a SEC(".maps");
struct count_map counts_b SEC(".maps");

/* User space swaps the inner map to drain it: the swap returns after an RCU grace period, so no
 * program still writes to the map that was taken out (maybe_wait_bpf_programs() in
 * kernel/bpf/syscall.c). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct count_map);
} counts SEC(".maps") = {
    .values = {&counts_a},
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* set by user space */
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_buffer);
} scratch SEC(".maps");

/* Program images whose mappings user space has been told to read. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);   /* tgid */
	__type(value, __u32); /* exec id */
} announced SEC(".maps");

/* The first stack of a program image wakes user space at once, to read its mappings while it lives.
 */
static __always_inline __u64 wakeup_flag(__u32 tgid, __u32 exec_id)
{
	__u32 *known = bpf_map_lookup_elem(&announced, &tgid);

	if (known && *known == exec_id)
		return BPF_RB_NO_WAKEUP;
	bpf_map_update_elem(&announced, &tgid, &exec_id, BPF_ANY);
	return BPF_RB_FORCE_WAKEUP;
}

/* Frames in files need no mappings to be named. */
static __always_inline bool needs_mappings(const struct unwind_state *unwound)
{
	return !unwound || unwound->outside_files;
}

static __always_inline bool send_stack(struct stack_buffer *buffer, __u32 exec_id,
				       const struct unwind_state *unwound)
{
	struct sonde_stack_record *record = &buffer->record;
	__u64 size =
	    sizeof(*record) + (record->kernel_frames + record->user_frames) * sizeof(__u64);
	__u64 wakeup = BPF_RB_NO_WAKEUP;

	if (size > sizeof(*buffer))
		return false;
	if (unwound)
		stack_append(buffer, unwound);
	if (needs_mappings(unwound))
		wakeup = wakeup_flag(record->tgid, exec_id);
	record->header.kind = SONDE_RECORD_STACK;
	record->header.version = SONDE_WIRE_VERSION;
	record->header.length = size;
	record->header.time_ns = bpf_ktime_get_ns();
	return !bpf_ringbuf_output(&stacks, buffer, size, wakeup);
}

/*
 * Adds `weight` to the stack of the current task, which is `task`. `cfi`: its user part by call
 * frame information, which only kernels from 5.17 on let a program do. False if there is no room
 * for a new stack. A stack that finds no room in the ring is counted all the same and sent at the
 * next drain.
 */
static __always_inline bool stack_counts_add(void *ctx, struct task_struct *task, __u32 tgid,
					     __u32 tid, __u32 label, __u64 weight, bool cfi)
{
	const struct unwind_state *unwound;
	struct stack_buffer *buffer;
	__u32 zero = 0, exec_id;
	__u64 *count;
	void *map;

	buffer = bpf_map_lookup_elem(&scratch, &zero);
	map = bpf_map_lookup_elem(&counts, &zero);
	if (!buffer || !map)
		return false;
	exec_id = (__u32)BPF_CORE_READ(task, self_exec_id);
	buffer->record.tgid = tgid;
	buffer->record.tid = tid;
	buffer->record.label = label;
	buffer->record.pad = 0;
	bpf_get_current_comm(buffer->record.comm, sizeof(buffer->record.comm));
	unwound = stack_capture(ctx, buffer, task, tgid, cfi);
	if (cfi && unwound && unwound->missed && send_stack_dump(buffer, unwound))
		return !bpf_map_update_elem(map, &buffer->record.key, &weight, BPF_NOEXIST);
	buffer->record.key = stack_key(buffer, exec_id, unwound);

	count = bpf_map_lookup_elem(map, &buffer->record.key);
	if (!count) {
		if (!bpf_map_update_elem(map, &buffer->record.key, &weight, BPF_NOEXIST)) {
			send_stack(buffer, exec_id, unwound);
			return true;
		}
		/* Another CPU may have inserted it meanwhile. */
		count = bpf_map_lookup_elem(map, &buffer->record.key);
		if (!count)
			return false;
	}
	__sync_fetch_and_add(count, weight);
	return true;
}

/* The same for the kernel's part only, on behalf of a process that need not be the current one. */
static __always_inline bool stack_counts_add_kernel(void *ctx, __u32 tgid, const char *comm,
						    __u32 label, __u64 weight)
{
	struct stack_buffer *buffer;
	__u32 zero = 0;
	__u64 *count;
	void *map;

	buffer = bpf_map_lookup_elem(&scratch, &zero);
	map = bpf_map_lookup_elem(&counts, &zero);
	if (!buffer || !map)
		return false;
	buffer->record.tgid = tgid;
	buffer->record.tid = tgid;
	buffer->record.label = label;
	buffer->record.pad = 0;
	__builtin_memcpy(buffer->record.comm, comm, sizeof(buffer->record.comm));
	stack_capture(ctx, buffer, NULL, tgid, false);
	buffer->record.key = stack_key(buffer, 0, NULL);
	count = bpf_map_lookup_elem(map, &buffer->record.key);
	if (!count) {
		if (!bpf_map_update_elem(map, &buffer->record.key, &weight, BPF_NOEXIST)) {
			send_stack(buffer, 0, NULL);
			return true;
		}
		count = bpf_map_lookup_elem(map, &buffer->record.key);
		if (!count)
			return false;
	}
	__sync_fetch_and_add(count, weight);
	return true;
}

#endif
