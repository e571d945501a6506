/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of what may be heads of HTTP messages: made in memory of the CPU, since how long one gets
 * is not known when it is begun. */
#ifndef SONDE_HTTP_EMIT_BPF_H
#define SONDE_HTTP_EMIT_BPF_H

#include "kernel_types.bpf.h"
#include "filter.bpf.h"
#include "http_buffer.bpf.h"
#include "http_head.bpf.h"
#include <bpf/bpf_helpers.h>

/* clang compares a copy and then uses the value that the verifier has no bound for. */
#define HTTP_KEEP_BOUND(value) asm volatile("" : "+r"(value))

const volatile __u64 http_wakeup_bytes = 1 << 20;

/* How far the ring was written when user space was woken last. A wake-up is an interrupt: one for
 * each part of the ring will do. */
volatile __u64 http_woken_at = 0;

struct http_scratch {
	__u64 busy;
	struct sonde_http_record record;
	union {
		struct sonde_net_ends ends;
		struct sonde_http_unix_ends unix_ends;
		/* clang reads and copies bytes one by one, and these eight at a time. */
		__u64 words[(2 * SONDE_HTTP_LONGEST + 8) / 8];
		/* The verifier adds the largest offset and the largest length. */
		__u8 bytes[2 * SONDE_HTTP_LONGEST + 8];
	};
};

/* One a CPU; a per-CPU map's values must be smaller. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set by user space */
	__type(key, __u32);
	__type(value, struct http_scratch);
} http_scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* set by user space */
} http_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_http_counters);
} http_counters SEC(".maps");

static __always_inline struct sonde_http_counters *http_count(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&http_counters, &zero);
}

static __always_inline struct http_scratch *http_own_scratch(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&http_scratches, &cpu);
}

/* NULL if this CPU is at one already. */
static __always_inline struct http_scratch *http_begin(void)
{
	struct http_scratch *scratch = http_own_scratch();
	struct sonde_http_counters *c;

	if (scratch && !scratch->busy) {
		scratch->busy = 1;
		barrier();
		return scratch;
	}
	c = http_count();
	if (c)
		c->lost_busy++;
	return NULL;
}

/*
 * The bytes of an array of struct iovec. Gives how many of the first `wanted` could be read. A
 * global function: the verifier looks at it once, for any arguments, and not again for each path
 * that leads here.
 */
__noinline int http_gather(__u64 vectors, __u64 count, __u64 wanted)
{
	struct http_scratch *scratch = http_own_scratch();
	struct http_vector vector;
	__u64 at = 0;

	if (!scratch)
		return 0;
	for (__u32 i = 0; i < HTTP_VECTORS; i++) {
		__u64 length;

		if (i >= count || at >= wanted ||
		    bpf_probe_read_user(&vector, sizeof(vector),
					(void *)(vectors + i * sizeof(vector))))
			break;
		length = vector.length;
		if (length > wanted - at)
			length = wanted - at;
		HTTP_KEEP_BOUND(length);
		HTTP_KEEP_BOUND(at);
		if (length > SONDE_HTTP_LONGEST || at > SONDE_HTTP_LONGEST)
			break;
		if (length && bpf_probe_read_user(scratch->bytes + at, length, (void *)vector.base))
			break;
		at += length;
	}
	return (int)at;
}

/* Gives how many of the first `wanted` bytes could be read, into this CPU's record. */
static __always_inline __u64 http_read(struct http_scratch *scratch,
				       const struct http_buffer *buffer, __u64 wanted)
{
	__u64 got;

	HTTP_KEEP_BOUND(wanted);
	if (wanted > SONDE_HTTP_LONGEST)
		return 0;
	if (!buffer->vectors || buffer->first.length >= wanted)
		return bpf_probe_read_user(scratch->bytes, wanted, (void *)buffer->first.base)
			   ? 0
			   : wanted;
	got = (__u32)http_gather(buffer->vectors, buffer->count, wanted);
	HTTP_KEEP_BOUND(got);
	return got > SONDE_HTTP_LONGEST ? 0 : got;
}

#define HTTP_HEAD_END HTTP_WORD('\r', '\n', '\r', '\n')

static __always_inline __u32 http_word_at(const struct http_scratch *scratch, __u64 at)
{
	HTTP_KEEP_BOUND(at);
	if (at >= SONDE_HTTP_LONGEST)
		return 0;
	/* The architectures with HTTP read it at any address. */
	return *(const __u32 *)(scratch->bytes + at);
}

#define HTTP_EACH_BYTE 0x0101010101010101ull

/*
 * How many of the first bytes of this CPU's record are a head with its end; 0 if it ends behind
 * them. A global function, as above.
 */
__noinline int http_head_size(__u64 captured)
{
	struct http_scratch *scratch = http_own_scratch();
	__u64 before = 0;

	if (!scratch)
		return 0;
	for (__u64 at = 0; at < SONDE_HTTP_START; at += 8) {
		__u64 word, feeds, pairs;

		if (at >= captured)
			break;
		word = scratch->words[at / 8];
		/* 0x80 in the bytes that are line feeds, and sometimes in the one behind. */
		word ^= HTTP_EACH_BYTE * '\n';
		feeds = (word - HTTP_EACH_BYTE) & ~word & HTTP_EACH_BYTE << 7;
		pairs = feeds & (feeds << 16 | before >> 48);
		before = feeds;
		if (!pairs)
			continue;
		for (__u64 end = at; end < at + 8; end++) {
			if (end >= 3 && http_word_at(scratch, end - 3) == HTTP_HEAD_END)
				return end < captured ? (int)end + 1 : 0;
		}
	}
	return 0;
}

/* Servers write the head of a response as a buffer of its own: its end need not be looked for.
 * Where it is the end of a body, user space gets more than the head, and looks itself. */
static __always_inline bool http_ends_with_head(const struct http_scratch *scratch, __u64 got)
{
	return got > 4 && http_word_at(scratch, got - 4) == HTTP_HEAD_END;
}

static __always_inline void http_fill(struct http_scratch *scratch, struct task_struct *task,
				      __u64 connection, __u64 position, __u32 length,
				      __u32 captured, __u8 event, __u8 tls)
{
	struct sonde_http_record *r = &scratch->record;

	r->header.kind = SONDE_RECORD_HTTP;
	r->header.version = SONDE_WIRE_VERSION;
	r->header.length = sizeof(*r) + ((captured + 7) & ~7u);
	r->header.time_ns = bpf_ktime_get_ns();
	r->connection = connection;
	r->position = position;
	r->length = length;
	r->captured = captured;
	r->tgid = filter_trusted_tgid(task);
	r->tid = filter_trusted_pid(task);
	/* As above. */
	((__u64 *)r->comm)[0] = ((const __u64 *)task->comm)[0];
	((__u64 *)r->comm)[1] = ((const __u64 *)task->comm)[1];
	r->event = event;
	r->tls = tls;
	__builtin_memset(r->pad, 0, sizeof(r->pad));
}

/* A record that waits for the one after it. */
struct http_held {
	__u64 size; /* 0: none */
	union {
		struct sonde_http_record record;
		__u64 words[(sizeof(struct sonde_http_record) + SONDE_HTTP_START) / 8];
	};
};

#define HTTP_SHORT 96 /* most requests that programs send to programs */

/* Keeps the record with the first `captured` bytes, at most SONDE_HTTP_START, back. */
static __always_inline void http_hold(const struct http_scratch *scratch, struct http_held *held,
				      __u64 captured)
{
	if (captured <= HTTP_SHORT)
		__builtin_memcpy(held->words, &scratch->record,
				 sizeof(scratch->record) + HTTP_SHORT);
	else
		__builtin_memcpy(held->words, &scratch->record, sizeof(held->words));
	held->size = sizeof(scratch->record) + ((captured + 7) & ~7ull);
}

static __always_inline __u64 http_wakeup(void)
{
	__u64 written;

	if (bpf_ringbuf_query(&http_ring, BPF_RB_AVAIL_DATA) <= http_wakeup_bytes)
		return BPF_RB_NO_WAKEUP;
	written = bpf_ringbuf_query(&http_ring, BPF_RB_PROD_POS);
	if (written - http_woken_at < http_wakeup_bytes)
		return BPF_RB_NO_WAKEUP;
	http_woken_at = written;
	return BPF_RB_FORCE_WAKEUP;
}

/* Sends the record with the first `captured` bytes, and behind it, in one piece, the one that was
 * held back. */
static __always_inline void http_send(struct http_scratch *scratch, struct http_held *held,
				      __u64 captured)
{
	struct sonde_http_counters *c = http_count();
	__u64 at = (captured + 7) & ~7ull, more = 0, size;
	__u64 flags = BPF_RB_NO_WAKEUP;

	HTTP_KEEP_BOUND(at);
	if (!c || at > SONDE_HTTP_LONGEST)
		return;
	if (held && held->size) {
		more = held->size;
		held->size = 0;
		HTTP_KEEP_BOUND(more);
		if (more > sizeof(held->words))
			return;
		if (more <= sizeof(scratch->record) + HTTP_SHORT)
			__builtin_memcpy(scratch->words + at / 8, held->words,
					 sizeof(scratch->record) + HTTP_SHORT);
		else
			__builtin_memcpy(scratch->words + at / 8, held->words, sizeof(held->words));
	}
	size = sizeof(scratch->record) + at + more;
	HTTP_KEEP_BOUND(size);
	if (size > sizeof(scratch->record) + SONDE_HTTP_LONGEST + sizeof(held->words))
		return;
	/* Which CPU has what of the ring is costly to find out. */
	if (!(++c->outputs & 15))
		flags = http_wakeup();
	if (bpf_ringbuf_output(&http_ring, &scratch->record, size, flags))
		c->lost_ring_full += more ? 2 : 1;
	else
		c->records += more ? 2 : 1;
}

static __always_inline void http_end(struct http_scratch *scratch)
{
	barrier();
	scratch->busy = 0;
}

#endif
