/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel lane: what the kernel allocates and does not free, by kernel stack. One in so many
 * objects is followed, chosen by its address, so that an allocation and its free are chosen alike
 * and all others cost a multiplication.
 */
#ifndef SONDE_MEM_KERNEL_BPF_H
#define SONDE_MEM_KERNEL_BPF_H

#include "kernel_types.bpf.h"
#include "gate.bpf.h"
#include "filter.bpf.h"
#include "stack_counts.bpf.h"
#include "../shared/mem_event.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define MEM_KERNEL_OWN_FRAMES 2 /* the program, and bpf_trace_run() that runs it */

/* Set by user space: an object is followed if none of these bits of its hash is set. */
const volatile __u32 mem_kernel_mask = SONDE_MEM_KERNEL_EVERY - 1;
const volatile __u64 mem_kernel_page_bytes = 4096;

struct mem_kernel_object {
	__u64 key; /* of its stack */
	__u64 bytes;
};

/* Made in advance: the kernel must not allocate because it allocates. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 17);
	__type(key, __u64); /* address */
	__type(value, struct mem_kernel_object);
} mem_kernel_objects SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, __u64); /* of the stack */
	__type(value, struct sonde_mem_kernel_sums);
} mem_kernel_sums SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_mem_kernel_counters);
} mem_kernel_counters SEC(".maps");

/* Of this lane alone: an interrupt may allocate while another program holds the common one. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_buffer);
} mem_kernel_scratch SEC(".maps");

static __always_inline bool mem_kernel_follows(__u64 address)
{
	return address && !(address * 0x9E3779B97F4A7C15ull >> 40 & mem_kernel_mask);
}

static __always_inline struct sonde_mem_kernel_counters *mem_kernel_counters_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mem_kernel_counters, &zero);
}

/* Allocations in interrupts come between a read and a write of a counter on the same CPU. */
static __always_inline void mem_kernel_count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline void mem_kernel_forget(__u64 address)
{
	struct mem_kernel_object *object = bpf_map_lookup_elem(&mem_kernel_objects, &address);
	struct sonde_mem_kernel_sums *sums;
	__u64 bytes;

	if (!object)
		return;
	sums = bpf_map_lookup_elem(&mem_kernel_sums, &object->key);
	bytes = object->bytes;
	/* Who deletes it has freed it. */
	if (bpf_map_delete_elem(&mem_kernel_objects, &address) || !sums)
		return;
	__sync_fetch_and_add(&sums->freed_bytes, bytes);
	__sync_fetch_and_add(&sums->freed_count, 1);
}

static __always_inline void mem_kernel_stack(void *ctx, struct stack_buffer *buffer,
					     struct task_struct *task, __u32 tgid, __u32 label)
{
	struct sonde_stack_record *record = &buffer->record;
	long size;

	record->tgid = tgid;
	record->tid = 0;
	record->label = label;
	record->pad = 0;
	record->flags = 0;
	record->kernel_frames = 0;
	record->user_frames = 0;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	size = bpf_get_stack(ctx, buffer->frames, STACK_PART_SIZE, MEM_KERNEL_OWN_FRAMES);
	if (size > 0)
		record->kernel_frames = (__u64)size / sizeof(__u64);
	if (size == STACK_PART_SIZE)
		record->flags |= SONDE_STACK_KERNEL_DEPTH;
	record->key = stack_key(buffer, 0, NULL);
}

static __always_inline void mem_kernel_announce(struct stack_buffer *buffer)
{
	struct sonde_stack_record *record = &buffer->record;
	__u64 size = sizeof(*record) + record->kernel_frames * sizeof(__u64);

	if (size > sizeof(*buffer))
		return;
	record->header.kind = SONDE_RECORD_STACK;
	record->header.version = SONDE_WIRE_VERSION;
	record->header.length = size;
	record->header.time_ns = bpf_ktime_get_ns();
	bpf_ringbuf_output(&stacks, buffer, size, BPF_RB_NO_WAKEUP);
}

/* What is allocated: its kind is in the label, and the name of its cache if it has one. */
struct mem_kernel_new {
	__u64 address;
	__u64 bytes;
	__u32 label;
	const char *cache;
};

static __always_inline void mem_kernel_add(void *ctx, const struct mem_kernel_new *new,
					   struct sonde_mem_kernel_counters *c,
					   struct task_struct *task, __u32 tgid)
{
	struct sonde_mem_kernel_sums first = {.allocated_bytes = new->bytes, .allocated_count = 1};
	struct mem_kernel_object object = {.bytes = new->bytes};
	struct sonde_mem_kernel_sums *sums;
	struct stack_buffer *buffer;
	__u32 zero = 0;

	buffer = bpf_map_lookup_elem(&mem_kernel_scratch, &zero);
	if (!buffer)
		return;
	mem_kernel_stack(ctx, buffer, task, tgid, new->label);
	object.key = buffer->record.key;
	sums = bpf_map_lookup_elem(&mem_kernel_sums, &object.key);
	if (sums) {
		__sync_fetch_and_add(&sums->allocated_bytes, new->bytes);
		__sync_fetch_and_add(&sums->allocated_count, 1);
	} else {
		if (new->cache)
			bpf_probe_read_kernel_str(first.cache, sizeof(first.cache), new->cache);
		if (bpf_map_update_elem(&mem_kernel_sums, &object.key, &first, BPF_NOEXIST)) {
			mem_kernel_count(&c->lost_stacks_full);
			return;
		}
		mem_kernel_announce(buffer);
	}
	mem_kernel_count(&c->recorded);
	/* Freed where it was not seen. */
	mem_kernel_forget(new->address);
	if (bpf_map_update_elem(&mem_kernel_objects, &new->address, &object, BPF_ANY)) {
		mem_kernel_count(&c->objects_full);
		sums = bpf_map_lookup_elem(&mem_kernel_sums, &object.key);
		if (sums) {
			__sync_fetch_and_add(&sums->freed_bytes, new->bytes);
			__sync_fetch_and_add(&sums->freed_count, 1);
		}
	}
}

static __always_inline int mem_kernel_allocated(void *ctx, const struct mem_kernel_new *new)
{
	struct task_struct *task = filter_current();
	struct sonde_mem_kernel_counters *c = mem_kernel_counters_here();
	__u32 tgid;

	if (!c)
		return 0;
	mem_kernel_count(&c->seen);
	if (sonde_gate == SONDE_GATE_PAUSED) {
		mem_kernel_count(&c->filtered_paused);
		return 0;
	}
	tgid = filter_tgid_of(task);
	if (tgid == filter_self_tgid) {
		mem_kernel_count(&c->filtered_self);
		return 0;
	}
	if (!filter_passes(task, tgid)) {
		mem_kernel_count(&c->filtered_target);
		return 0;
	}
	/* An interrupt of what follows, on this CPU. */
	if (c->busy) {
		mem_kernel_count(&c->lost_nested);
		return 0;
	}
	c->busy = 1;
	asm volatile("" ::: "memory");
	mem_kernel_add(ctx, new, c, task, tgid);
	asm volatile("" ::: "memory");
	c->busy = 0;
	return 0;
}

/* Not by BTF: there addresses are no numbers, and 6.1 takes none that is "const void *". */
SEC("?raw_tp/kmalloc")
int BPF_PROG(mem_kmalloc, unsigned long call_site, const void *address, unsigned long wanted,
	     unsigned long bytes)
{
	struct mem_kernel_new new = {
	    .address = (__u64)address,
	    .bytes = bytes,
	    .label = SONDE_MEM_LABEL(SONDE_MEM_KERNEL, SONDE_MEM_KMALLOC, 0, 0),
	};

	if (sonde_gate == SONDE_GATE_CLOSED || !mem_kernel_follows(new.address))
		return 0;
	return mem_kernel_allocated(ctx, &new);
}

SEC("?raw_tp/kmem_cache_alloc")
int BPF_PROG(mem_cache_alloc, unsigned long call_site, const void *address,
	     struct kmem_cache *cache)
{
	struct mem_kernel_new new = {
	    .address = (__u64)address,
	    .label = SONDE_MEM_LABEL(SONDE_MEM_KERNEL, SONDE_MEM_SLAB, 0, 0),
	};

	if (sonde_gate == SONDE_GATE_CLOSED || !mem_kernel_follows(new.address))
		return 0;
	new.bytes = BPF_CORE_READ(cache, size);
	new.cache = BPF_CORE_READ(cache, name);
	return mem_kernel_allocated(ctx, &new);
}

SEC("?raw_tp/mm_page_alloc")
int BPF_PROG(mem_page_alloc, struct page *page, unsigned int order)
{
	struct mem_kernel_new new = {
	    .address = (__u64)page,
	    .bytes = mem_kernel_page_bytes << (order & 31),
	    .label = SONDE_MEM_LABEL(SONDE_MEM_KERNEL, SONDE_MEM_PAGES, order & 31, 0),
	};

	if (sonde_gate == SONDE_GATE_CLOSED || !mem_kernel_follows(new.address))
		return 0;
	return mem_kernel_allocated(ctx, &new);
}

static __always_inline int mem_kernel_freed(__u64 address)
{
	struct sonde_mem_kernel_counters *c;

	if (sonde_gate == SONDE_GATE_CLOSED || !mem_kernel_follows(address))
		return 0;
	c = mem_kernel_counters_here();
	if (c)
		mem_kernel_count(&c->frees);
	mem_kernel_forget(address);
	return 0;
}

SEC("?raw_tp/kfree")
int BPF_PROG(mem_kfree, unsigned long call_site, const void *address)
{
	return mem_kernel_freed((__u64)address);
}

SEC("?raw_tp/kmem_cache_free")
int BPF_PROG(mem_cache_free, unsigned long call_site, const void *address)
{
	return mem_kernel_freed((__u64)address);
}

SEC("?raw_tp/mm_page_free")
int BPF_PROG(mem_page_free, struct page *page)
{
	return mem_kernel_freed((__u64)page);
}

#endif
