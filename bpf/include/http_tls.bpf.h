/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP within TLS: what programs give to the functions of a TLS library and get from them.
 * Breakpoints are within these functions, where their arguments are still there and where their
 * result is: nothing is done to the stack.
 */
#ifndef SONDE_HTTP_TLS_BPF_H
#define SONDE_HTTP_TLS_BPF_H

#include "kernel_types.bpf.h"
#include "filter.bpf.h"
#include "http.bpf.h"
#include <bpf/bpf_helpers.h>

struct tls_flow_key {
	__u64 session; /* address of the library's object */
	__u64 tgid;
};

struct tls_flow {
	__u64 id;
	__u64 socket; /* id of the net_socket; 0: not known */
	__u64 misses; /* reads and writes without a head */
	__u64 taken;  /* bytes that the library has taken, in a call that said "again" */
	struct http_socket http;
};

#define TLS_MOST_MISSES 32 /* before the first head: it is another protocol */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tls_flow_key);
	__type(value, struct tls_flow);
} tls_flows SEC(".maps");

/* A new flow to copy from: too large for the stack of a program. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tls_flow);
} tls_new_flow SEC(".maps");

static __always_inline struct tls_flow *tls_flow_of(const struct tls_flow_key *key)
{
	struct tls_flow *flow = bpf_map_lookup_elem(&tls_flows, key);
	__u32 zero = 0;

	if (flow)
		return flow;
	flow = bpf_map_lookup_elem(&tls_new_flow, &zero);
	if (!flow || bpf_map_update_elem(&tls_flows, key, flow, BPF_NOEXIST))
		return NULL;
	flow = bpf_map_lookup_elem(&tls_flows, key);
	if (flow) {
		flow->id = net_new_id(bpf_ktime_get_ns());
		flow->http.tls = 1;
	}
	return flow;
}

static __always_inline void tls_close(const struct tls_flow_key *key)
{
	struct tls_flow *flow = bpf_map_lookup_elem(&tls_flows, key);
	struct http_scratch *scratch;

	if (!flow)
		return;
	scratch = flow->http.opened ? http_begin() : NULL;
	if (scratch) {
		http_fill(scratch, bpf_get_current_task_btf(), flow->id, 0, 0, 0, SONDE_HTTP_CLOSED,
			  1);
		http_send(scratch, &flow->http.held, 0);
		http_end(scratch);
	}
	bpf_map_delete_elem(&tls_flows, key);
}

/* A call has moved `length` bytes, or what the lower 32 bits of it are. */
static __always_inline void tls_moved(struct task_struct *task, struct tls_call *call,
				      const struct tls_flow_key *key, __u32 length)
{
	const __u32 direction =
	    call->function & SONDE_TLS_SENDS ? SONDE_HTTP_SENT : SONDE_HTTP_RECEIVED;
	struct http_buffer buffer = {.first = {.base = call->buffer, .length = length}};
	struct tls_flow *flow = tls_flow_of(key);
	struct http_scratch *scratch;
	struct http_socket *h;
	enum http_start start;
	__u64 got;

	if (!flow || flow->misses > TLS_MOST_MISSES)
		return;
	h = &flow->http;
	scratch = http_begin();
	if (!scratch)
		return;
	if (call->socket && flow->socket != call->socket) {
		flow->socket = call->socket;
		http_fill(scratch, task, flow->id, 0, 0, sizeof(scratch->ends), SONDE_HTTP_OPENED,
			  1);
		scratch->ends = call->ends;
		http_send(scratch, NULL, sizeof(scratch->ends));
	}
	got = http_read(scratch, &buffer, length > SONDE_HTTP_START ? SONDE_HTTP_START : length);
	start = http_classify(scratch->words[0], scratch->words[1], got);
	if (start >= HTTP_REQUEST)
		h->opened = 1;
	else if (!h->opened)
		flow->misses++;
	if (h->opened)
		http_consider(task, flow->id, h, scratch, &buffer, direction, start, got, length);
	http_end(scratch);
	h->sides[direction & 1].position += length;
}

SEC("?uprobe")
int http_tls_enter(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tgid = filter_trusted_tgid(task);
	struct sonde_http_counters *c = http_count();
	__u64 function = bpf_get_attach_cookie(ctx);
	struct tls_call *call;
	__u64 stack;

	if (c)
		c->tls_hits++;
	if (sonde_gate != SONDE_GATE_RECORDING || tgid == filter_self_tgid ||
	    !filter_passes(task, tgid))
		return 0;
	if (function & SONDE_TLS_ENDS) {
		struct tls_flow_key key = {.session = ctx->di, .tgid = tgid};

		tls_close(&key);
		return 0;
	}
	call = bpf_task_storage_get(&tls_calls, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call)
		return 0;
	stack = ctx->sp + (function >> SONDE_TLS_DEPTH_SHIFT);
	/* What a function calls on its way is part of its own call. */
	if (call->session && stack < call->stack)
		return 0;
	call->session = ctx->di;
	call->buffer = ctx->si;
	call->length = ctx->dx;
	call->moved = ctx->cx;
	call->function = function & SONDE_TLS_FUNCTION;
	call->stack = stack;
	call->socket = 0;
	return 0;
}

/*
 * A call of GnuTLS that sends has given `result`. Gives how many bytes of its buffer were sent:
 * where the socket is full the library has taken them all the same, and says how many by the next
 * call, which need not have the buffer any more.
 */
static __always_inline __s64 tls_resumes(const struct tls_flow_key *key, __u64 length, __s64 result)
{
	const bool again = result == SONDE_TLS_AGAIN || result == SONDE_TLS_INTERRUPTED;
	struct tls_flow *flow;
	__u64 taken;

	if (!again && result <= 0)
		return 0;
	flow = tls_flow_of(key);
	if (!flow)
		return result;
	taken = flow->taken;
	if (!taken) {
		if (!again)
			return result;
		flow->taken = length < SONDE_TLS_RECORD ? length : SONDE_TLS_RECORD;
		return flow->taken;
	}
	if (!again) {
		flow->taken = 0;
		flow->http.sides[SONDE_HTTP_SENT].position += result - taken;
	}
	return 0;
}

SEC("?uprobe")
int http_tls_leave(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tls_call *call = bpf_task_storage_get(&tls_calls, task, NULL, 0);
	struct sonde_http_counters *c = http_count();
	struct tls_flow_key key = {};
	__s64 length;

	if (c)
		c->tls_hits++;
	/* The return may be that of another function, too. */
	if (!call || !call->session ||
	    call->stack != ctx->sp + (bpf_get_attach_cookie(ctx) >> SONDE_TLS_DEPTH_SHIFT))
		return 0;
	key.session = call->session;
	key.tgid = filter_trusted_tgid(task);
	call->session = 0;
	/* They give an int or a small ssize_t; those that say by a pointer how much they moved, 1
	 * if they did. */
	length = (__s32)ctx->ax;
	if (length > 0 && (call->function & SONDE_TLS_SAYS_MOVED) &&
	    bpf_probe_read_user(&length, sizeof(length), (void *)call->moved))
		return 0;
	if (call->function & SONDE_TLS_RESUMES)
		length = tls_resumes(&key, call->length, length);
	if (length > 0 && length <= 0x7fffffff)
		tls_moved(task, call, &key, (__u32)length);
	return 0;
}

/* As http_waiting. */
SEC("?iter/bpf_map_elem")
int http_tls_waiting(struct bpf_iter__bpf_map_elem *ctx)
{
	struct tls_flow *flow = ctx->value;

	if (flow && flow->http.held.size)
		bpf_seq_write(ctx->meta->seq, flow->http.held.words, sizeof(flow->http.held.words));
	return 0;
}

#endif
