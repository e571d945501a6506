/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which reads and writes of stream sockets begin like the head of an HTTP/1 message. What they
 * moved is in the memory that the process gave to its system call: the saved registers lead there,
 * so that no system call needs to be hooked.
 */
#ifndef SONDE_HTTP_BPF_H
#define SONDE_HTTP_BPF_H

#include "kernel_types.bpf.h"
#include "gate.bpf.h"
#include "http_emit.bpf.h"
#include "net_socket.bpf.h"
#include "net_unix.bpf.h"
#include <bpf/bpf_helpers.h>

const volatile bool http_enabled = false;
const volatile bool http_tls = false; /* TLS libraries are probed */

/*
 * net_socket.http, until the socket has a struct http_socket: how often the direction changed
 * without a head. Heads stand only where it changes, as long as none was seen. Most sockets have
 * other protocols and are let off after this many.
 */
#define HTTP_MISSES 0x1f
#define HTTP_OFF    HTTP_MISSES
#define HTTP_SENT   0x20 /* the last one was a write */
#define HTTP_BEGUN  0x40
#define HTTP_KNOWN  0x80 /* it has one */

/* What began like a head and did not end goes on for so long at most. */
#define HTTP_LONGEST_HEAD 8192

struct http_side {
	__u64 position; /* bytes so far */
	__u64 unended;	/* of what may be a head that goes on; 0: none */
};

struct http_socket {
	struct http_side sides[2]; /* SONDE_HTTP_RECEIVED, _SENT */
	/* A request, until its response: to write once to the ring costs less than to do it twice.
	 */
	struct http_held held;
	__u8 awaiting; /* a request was seen and no response yet */
	__u8 several;  /* requests were sent before the response to another one */
	__u8 tls;
	__u8 opened; /* a head was seen */
	__u8 unheld; /* nothing tells when it ends: requests are sent at once */
	__u8 pad[3];
};

/* The call of a TLS library that a thread is in. */
struct tls_call {
	__u64 session; /* 0: in none */
	__u64 buffer;
	__u64 length;
	__u64 moved;	/* address of what it moved */
	__u64 function; /* SONDE_TLS_* */
	__u64 stack;	/* stack pointer at its entry */
	__u64 socket;	/* id of the socket that it has used; 0: of none */
	struct sonde_net_ends ends;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tls_call);
} tls_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct http_socket);
} http_sockets SEC(".maps");

/* The bytes cannot be looked at: nothing more is expected of this connection. */
static __always_inline void http_give_up(struct net_socket *s, __u32 reason)
{
	struct sonde_http_counters *c = http_count();

	s->http = HTTP_OFF;
	if (c && reason < SONDE_HTTP_REASONS)
		c->unseen[reason]++;
}

static __always_inline void http_note(struct http_socket *h, enum http_start start)
{
	if (start == HTTP_REQUEST) {
		if (h->awaiting)
			h->several = 1;
		h->awaiting = 1;
	} else if (start == HTTP_RESPONSE) {
		h->awaiting = 0;
	}
}

/* How many bytes of `length` are to be sent, of which `got` are there and the first `head` are a
 * head, if it ends among them. */
static __always_inline __u64 http_wanted(struct http_socket *h, struct http_scratch *scratch,
					 enum http_start start, __u64 head, __u64 got, __u64 length)
{
	if (head && head < got && start == HTTP_REQUEST &&
	    http_is_method(http_word_at(scratch, head)))
		h->several = 1;
	if (h->several || start == HTTP_INTERIM)
		return length > SONDE_HTTP_LONGEST ? SONDE_HTTP_LONGEST : length;
	if (head)
		return head;
	if (length <= got)
		return got;
	if (start == HTTP_REQUEST)
		return length > SONDE_HTTP_LONGEST / 4 ? SONDE_HTTP_LONGEST / 4 : length;
	return length > SONDE_HTTP_USUAL ? SONDE_HTTP_USUAL : length;
}

/* A head, or what may go on with one; `got` bytes are there. */
static __always_inline void http_capture(struct task_struct *task, __u64 id, struct http_socket *h,
					 struct http_scratch *scratch,
					 const struct http_buffer *buffer, __u32 direction,
					 enum http_start start, __u64 got, __u64 length)
{
	struct http_side *side = &h->sides[direction];
	__u64 head, wanted;

	if (start == HTTP_RESPONSE && http_ends_with_head(scratch, got))
		head = got;
	else
		head = (__u32)http_head_size(got);
	http_note(h, start);
	wanted = http_wanted(h, scratch, start, head, got, length);
	if (wanted > got)
		wanted = http_read(scratch, buffer, wanted);
	side->unended += wanted;
	if (head || wanted < length || side->unended > HTTP_LONGEST_HEAD)
		side->unended = 0;
	http_fill(scratch, task, id, side->position, length, wanted, direction, h->tls);
	if (start == HTTP_REQUEST && head && wanted == head && !h->several && !h->unheld)
		http_hold(scratch, &h->held, wanted);
	else
		http_send(scratch, &h->held, wanted);
}

/* What `got` bytes are there of begins a head or goes on with one, or does not. */
static __always_inline void http_consider(struct task_struct *task, __u64 id, struct http_socket *h,
					  struct http_scratch *scratch,
					  const struct http_buffer *buffer, __u32 direction,
					  enum http_start start, __u64 got, __u64 length)
{
	if (start >= HTTP_REQUEST)
		h->sides[direction & 1].unended = 0;
	else if (!h->sides[direction & 1].unended)
		return;
	http_capture(task, id, h, scratch, buffer, direction & 1, start, got, length);
}

/* A socket that a head is seen of for the first time. What was read for it is overwritten. */
static __always_inline struct http_socket *http_open(struct task_struct *task, struct sock *sk,
						     struct net_socket *s,
						     struct http_scratch *scratch)
{
	struct http_socket *h =
	    bpf_sk_storage_get(&http_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!h)
		return NULL;
	s->http |= HTTP_KNOWN;
	h->unheld = sk->__sk_common.skc_family == NET_AF_UNIX;
	if (h->unheld) {
		http_fill(scratch, task, s->id, 0, 0, sizeof(scratch->unix_ends), SONDE_HTTP_OPENED,
			  0);
		unix_read_name(&scratch->unix_ends.name, sk);
	} else {
		http_fill(scratch, task, s->id, 0, 0, sizeof(scratch->ends), SONDE_HTTP_OPENED, 0);
	}
	net_read_ends(&scratch->ends, sk);
	http_send(scratch, NULL, scratch->record.captured);
	return h;
}

#define HTTP_ENOUGH 64 /* bytes to tell what it is */

static __noinline int http_look(struct sock *sk, struct net_socket *s, __u32 length,
				__u32 direction)
{
	__u64 first = length > SONDE_HTTP_START ? SONDE_HTTP_START : length;
	struct task_struct *task = bpf_get_current_task_btf();
	struct http_scratch *scratch;
	struct http_buffer buffer = {};
	struct http_socket *h = NULL;
	enum http_start start = HTTP_OTHER;
	__u64 got = 0;
	int problem;

	if (!s || direction > 1)
		return 0;
	if (s->http & HTTP_KNOWN)
		h = bpf_sk_storage_get(&http_sockets, sk, NULL, 0);
	problem = http_find_buffer(task, &buffer);
	if (problem >= 0 && !h)
		http_give_up(s, problem);
	/* A head seldom goes on in another buffer. */
	if (first > buffer.first.length && buffer.first.length >= HTTP_ENOUGH)
		first = buffer.first.length;
	scratch = problem == HTTP_FOUND && sonde_gate == SONDE_GATE_RECORDING ? http_begin() : NULL;
	if (scratch) {
		got = http_read(scratch, &buffer, first);
		start = http_classify(scratch->words[0], scratch->words[1], got);
		if (start == HTTP_TLS && !h)
			s->http = HTTP_OFF;
		if (start >= HTTP_REQUEST && !h) {
			h = http_open(task, sk, s, scratch);
			got = http_read(scratch, &buffer, first);
		}
		if (h)
			http_consider(task, s->id, h, scratch, &buffer, direction, start, got,
				      length);
		http_end(scratch);
	}
	if (h)
		h->sides[direction].position += length;
	return 0;
}

/* The socket that belongs to the session of the TLS library's call that the thread is in. */
static __noinline int tls_uses_socket(struct sock *sk, struct net_socket *s)
{
	struct tls_call *call =
	    bpf_task_storage_get(&tls_calls, bpf_get_current_task_btf(), NULL, 0);

	if (!call || !s || !call->session || call->socket == s->id)
		return 0;
	call->socket = s->id;
	net_read_ends(&call->ends, sk);
	return 0;
}

/* A read or write has moved `length` bytes. */
static __always_inline void http_io(struct sock *sk, struct net_socket *s, __u32 length,
				    __u32 direction)
{
	__u8 state = s->http;

	if (!http_enabled)
		return;
	if (state == HTTP_OFF) {
		if (http_tls)
			tls_uses_socket(sk, s);
		return;
	}
	if (!(state & HTTP_KNOWN)) {
		const __u8 side = direction == SONDE_HTTP_SENT ? HTTP_SENT : 0;

		if ((state & HTTP_BEGUN) && (state & HTTP_SENT) == side)
			return;
		state = (state & HTTP_MISSES) + 1;
		s->http = state >= HTTP_OFF ? HTTP_OFF : state | HTTP_BEGUN | side;
	}
	http_look(sk, s, length, direction);
}

/* The connection has ended. */
static __always_inline void http_close(struct sock *sk, struct net_socket *s)
{
	__u8 state = s->http;
	struct http_scratch *scratch;
	struct http_socket *h;

	s->http = 0;
	if (!http_enabled || !(state & HTTP_KNOWN))
		return;
	h = bpf_sk_storage_get(&http_sockets, sk, NULL, 0);
	scratch = h ? http_begin() : NULL;
	if (scratch) {
		http_fill(scratch, bpf_get_current_task_btf(), s->id, 0, 0, 0, SONDE_HTTP_CLOSED,
			  0);
		http_send(scratch, &h->held, 0);
		http_end(scratch);
	}
	bpf_sk_storage_delete(&http_sockets, sk);
}

/* A process has read the end of a stream that no hook tells the end of. Its peer may have shut down
 * its side only, and wait for a response. */
static __noinline int http_reads_end(struct sock *sk)
{
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
	struct http_socket *h;

	if (!s || !(s->http & HTTP_KNOWN))
		return 0;
	h = bpf_sk_storage_get(&http_sockets, sk, NULL, 0);
	if (h && !h->awaiting)
		http_close(sk, s);
	return 0;
}

/* Once, when nothing is attached any more: the requests that wait for their response. */
SEC("?iter/bpf_sk_storage_map")
int http_waiting(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct http_socket *h = ctx->value;

	if (ctx->sk && h && h->held.size)
		bpf_seq_write(ctx->meta->seq, h->held.words, sizeof(h->held.words));
	return 0;
}

#endif
