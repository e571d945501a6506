/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Collects the records of each CPU before they go through the ring: a ring record for each call
 * would cost more than all the rest of tracing it.
 *
 * Programs of sys_enter and sys_exit run with preemption off, so only an interrupt can come between
 * two of their instructions, and the only program that runs in one is batch_flush: it leaves a
 * batch alone that is being written to.
 */
#ifndef SONDE_BATCH_BPF_H
#define SONDE_BATCH_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/syscall_event.h"
#include <bpf/bpf_helpers.h>

#define BATCH_RECORD_MAX 16384
#define BATCH_ROOM	 (SONDE_BATCH_BYTES - 16 - BATCH_RECORD_MAX)

/* clang compares a copy and then uses the value that the verifier has no bound for. */
#define BATCH_KEEP_BOUND(value) asm volatile("" : "+r"(value))

const volatile __u32 batch_limit = BATCH_ROOM; /* bytes; less for a small ring */
const volatile __u64 batch_wakeup_bytes = 1 << 20;

/* One a CPU; a per-CPU map's values must be smaller. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set by user space */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sonde_batch);
} batches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* set by user space */
} calls SEC(".maps");

/* How often records were lost: what was told about files before that may be among them. */
__u64 batch_losses = 0;

static __noinline int batch_send(struct sonde_batch *batch, struct sonde_call_counters *c)
{
	__u64 flags = BPF_RB_NO_WAKEUP;
	__u64 size;

	if (!batch || !c)
		return 0;
	size = batch->used;
	BATCH_KEEP_BOUND(size);
	if (size > sizeof(batch->bytes))
		size = sizeof(batch->bytes);
	if (bpf_ringbuf_query(&calls, BPF_RB_AVAIL_DATA) > batch_wakeup_bytes)
		flags = BPF_RB_FORCE_WAKEUP;
	if (size && bpf_ringbuf_output(&calls, batch->bytes, size, flags)) {
		c->lost_ring_full += batch->calls;
		c->ring_lost_memory += batch->memory_records;
		__sync_fetch_and_add(&batch_losses, 1);
	}
	batch->used = 0;
	batch->calls = 0;
	batch->memory_records = 0;
	return 0;
}

static __always_inline struct sonde_batch *batch_begin(struct sonde_call_counters *c)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct sonde_batch *batch = bpf_map_lookup_elem(&batches, &cpu);

	if (!batch || batch->busy)
		return NULL;
	batch->busy = 1;
	barrier();
	if (batch->used > batch_limit)
		batch_send(batch, c);
	return batch;
}

/* Where the next record begins: BATCH_RECORD_MAX bytes. */
static __always_inline void *batch_next(struct sonde_batch *batch)
{
	__u64 used = batch->used;

	BATCH_KEEP_BOUND(used);
	if (used > BATCH_ROOM)
		return NULL;
	BATCH_KEEP_BOUND(used);
	return batch->bytes + used;
}

static __always_inline void batch_end(struct sonde_batch *batch, __u32 length)
{
	batch->used += length;
	barrier();
	batch->busy = 0;
}

#endif
