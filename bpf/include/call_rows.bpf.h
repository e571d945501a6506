/* SPDX-License-Identifier: GPL-2.0-only */
/* Adds ended calls up in rows, which user space takes out once a second. */
#ifndef SONDE_CALL_ROWS_BPF_H
#define SONDE_CALL_ROWS_BPF_H

#include "kernel_types.bpf.h"
#include "call_select.bpf.h"
#include "latency.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

const volatile bool call_rows_by_thread = false;
const volatile bool call_rows_by_cgroup = false;

/* A row is written by one CPU at a time, so nothing in it is atomic: rows by thread belong to a
 * thread, and for the others user space makes this a per-CPU map. */
/* Sizes and no types: before 6.2 a map with BTF does not fit where a template without is
 * (bpf_map_meta_equal() compares timer_off), and user space makes the template. */
struct row_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct sonde_call_key));
	/* with counting only, up to the buckets */
	__uint(value_size, sizeof(struct sonde_call_stats));
};

struct row_map rows_a SEC(".maps");
struct row_map rows_b SEC(".maps");

/* Swapped by user space, as in stack_counts.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct row_map);
} rows SEC(".maps") = {
    .values = {&rows_a},
};

/* With counting only: successful calls by ABI and number, where rows are by nothing else. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SONDE_ABI_URING *SONDE_CALL_NUMBERS);
	__type(key, __u32);
	__type(value, __u64);
} quick_counts SEC(".maps");

/* A new row to copy from: too large for the stack of a program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_call_stats);
} new_row SEC(".maps");

static __always_inline struct sonde_call_stats *new_stats(void *map,
							  const struct sonde_call_key *key)
{
	__u32 zero = 0;
	struct sonde_call_stats *empty = bpf_map_lookup_elem(&new_row, &zero);

	if (!empty)
		return NULL;
	bpf_get_current_comm(empty->comm, sizeof(empty->comm));
	bpf_map_update_elem(map, key, empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

/* An io_uring operation may end in another thread than the one whose row it belongs to. */
#define ROW_ADD(shared, field, value)                                                              \
	do {                                                                                       \
		if (shared)                                                                        \
			__sync_fetch_and_add(&(field), (value));                                   \
		else                                                                               \
			(field) += (value);                                                        \
	} while (0)

static __always_inline bool add_to_row(struct task_struct *task, const struct ended_call *call)
{
	const bool shared = call->abi == SONDE_ABI_URING && call_rows_by_thread;
	struct sonde_call_key key = {
	    .number = call->number, .error = call->error, .abi = call->abi};
	struct sonde_call_stats *stats;
	__u32 zero = 0;
	__u64 latency, bucket;
	void *map;

	if (!call_timed && !call_rows_by_thread && !call_rows_by_cgroup && !call->error &&
	    call->abi < SONDE_ABI_URING && call->number < SONDE_CALL_NUMBERS) {
		__u32 index = (call->abi & 1) * SONDE_CALL_NUMBERS + call->number;
		__u64 *count = bpf_map_lookup_elem(&quick_counts, &index);

		if (count)
			*count += 1;
		return count != NULL;
	}
	if (call_rows_by_thread) {
		key.tgid = call->tgid;
		key.tid = call->tid;
	}
	if (call_rows_by_cgroup)
		key.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	map = bpf_map_lookup_elem(&rows, &zero);
	if (!map)
		return false;
	stats = bpf_map_lookup_elem(map, &key);
	if (!stats)
		stats = new_stats(map, &key);
	if (!stats)
		return false;
	ROW_ADD(shared, stats->calls, 1);
	if (!call_timed || !call->start_ns || !call->returned)
		return true;
	latency = call->now_ns - call->start_ns;
	if (!stats->timed || latency < stats->min_ns)
		stats->min_ns = latency;
	if (latency > stats->max_ns)
		stats->max_ns = latency;
	ROW_ADD(shared, stats->timed, 1);
	ROW_ADD(shared, stats->total_ns, latency);
	bucket = latency_bucket(latency);
	/* clang drops a bound that it knows to hold and the verifier does not. */
	asm volatile("" : "+r"(bucket));
	if (bucket < SONDE_LATENCY_BUCKETS)
		ROW_ADD(shared, stats->buckets[bucket], 1);
	return true;
}

#endif
