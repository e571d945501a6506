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

/* What a stack counts for: how often, and where STACK_WEIGHED is defined before this is included,
 * how much. */
struct stack_count {
#ifdef STACK_WEIGHED
	__u64 weight;
#endif
	__u64 count;
};

struct count_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set by user space */
	__type(key, __u64);
	__type(value, struct stack_count);
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

/* A stack that was just taken. */
struct stack_taken {
	struct stack_buffer *buffer; /* until the next stack on this CPU; record.key names it */
	const struct unwind_state *unwound;
	__u32 exec_id;
	bool sent; /* user space will know it, and no other stack has its name */
};

/* The name of the current task; gives which of its program images it is. The members of a task
 * that the verifier knows are read as they are, which a helper takes ten times as long for. */
static __always_inline __u32 stack_describe(struct sonde_stack_record *record, bool cfi)
{
	struct task_struct *task;
	__u64 *comm = (__u64 *)record->comm;

	if (cfi) {
		task = bpf_get_current_task_btf();
		/* The kernel fills it with zeros behind its end: __set_task_comm() in fs/exec.c. */
		comm[0] = ((__u64 *)task->comm)[0];
		comm[1] = ((__u64 *)task->comm)[1];
		return (__u32)task->self_exec_id;
	}
	task = (struct task_struct *)bpf_get_current_task();
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	return (__u32)BPF_CORE_READ(task, self_exec_id);
}

/*
 * Takes the stack of the current task. `parts`: STACK_*. `cfi`: its user part by call frame
 * information, which only kernels from 5.17 on let a program do. False if this CPU has no memory
 * for it.
 */
static __always_inline bool stack_take(void *ctx, struct stack_taken *taken, __u32 tgid, __u32 tid,
				       __u32 label, __u32 parts, bool cfi)
{
	struct stack_buffer *buffer;
	__u32 zero = 0;

	buffer = bpf_map_lookup_elem(&scratch, &zero);
	if (!buffer)
		return false;
	taken->buffer = buffer;
	buffer->record.tgid = tgid;
	buffer->record.tid = tid;
	buffer->record.label = label;
	buffer->record.pad = 0;
	taken->exec_id = stack_describe(&buffer->record, cfi);
	taken->unwound = stack_capture(ctx, buffer, tgid, parts, cfi);
	if (cfi && taken->unwound && taken->unwound->missed) {
		taken->sent = send_stack_dump(buffer, taken->unwound);
		/* Whatever ended it would not have, had there been a table. */
		if (!taken->sent)
			buffer->record.flags = (buffer->record.flags & SONDE_STACK_KERNEL_DEPTH) |
					       SONDE_STACK_USER_NO_TABLE_YET;
	}
	if (!taken->sent)
		buffer->record.key = stack_key(buffer, taken->exec_id, taken->unwound);
	return true;
}

/* Tells user space of a stack whose key is new in some map. */
static __always_inline void stack_announce(const struct stack_taken *taken)
{
	if (!taken->sent)
		send_stack(taken->buffer, taken->exec_id, taken->unwound);
}

/* Adds `weight` to a stack that was taken. False if there is no room for a new one. */
static __always_inline bool stack_counts_put(void *map, const struct stack_taken *taken,
					     __u64 weight)
{
#ifdef STACK_WEIGHED
	struct stack_count first = {.weight = weight, .count = 1};
#else
	struct stack_count first = {.count = weight};
#endif
	struct stack_count *sum;

	sum = bpf_map_lookup_elem(map, &taken->buffer->record.key);
	if (!sum) {
		if (!bpf_map_update_elem(map, &taken->buffer->record.key, &first, BPF_NOEXIST)) {
			stack_announce(taken);
			return true;
		}
		/* Another CPU may have inserted it meanwhile. */
		sum = bpf_map_lookup_elem(map, &taken->buffer->record.key);
		if (!sum)
			return false;
	}
#ifdef STACK_WEIGHED
	__sync_fetch_and_add(&sum->weight, weight);
	__sync_fetch_and_add(&sum->count, 1);
#else
	__sync_fetch_and_add(&sum->count, weight);
#endif
	return true;
}

/*
 * Adds `weight` to the stack of the current task, as stack_take(). False if there is no room for a
 * new stack. A stack that finds no room in the ring is counted all the same and sent at the next
 * drain.
 */
static __always_inline bool stack_counts_add(void *ctx, __u32 tgid, __u32 tid, __u32 label,
					     __u64 weight, __u32 parts, bool cfi)
{
	struct stack_taken taken = {};
	__u32 zero = 0;
	void *map;

	map = bpf_map_lookup_elem(&counts, &zero);
	if (!map || !stack_take(ctx, &taken, tgid, tid, label, parts, cfi))
		return false;
	return stack_counts_put(map, &taken, weight);
}

/* The same on behalf of a process that need not be the current one. `parts`: STACK_KERNEL or 0. */
static __always_inline bool stack_counts_add_of(void *ctx, __u32 tgid, const char *comm,
						__u32 label, __u64 weight, __u32 parts)
{
	struct stack_taken taken = {};
	struct stack_buffer *buffer;
	__u32 zero = 0;
	void *map;

	buffer = bpf_map_lookup_elem(&scratch, &zero);
	map = bpf_map_lookup_elem(&counts, &zero);
	if (!buffer || !map)
		return false;
	taken.buffer = buffer;
	buffer->record.tgid = tgid;
	buffer->record.tid = tgid;
	buffer->record.label = label;
	buffer->record.pad = 0;
	__builtin_memcpy(buffer->record.comm, comm, sizeof(buffer->record.comm));
	stack_capture(ctx, buffer, tgid, parts, false);
	buffer->record.key = stack_key(buffer, 0, NULL);
	return stack_counts_put(map, &taken, weight);
}

#endif
