/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of TCP connections. */
#ifndef SONDE_NET_TCP_BPF_H
#define SONDE_NET_TCP_BPF_H

#include "kernel_types.bpf.h"
#include "http.bpf.h"
#include "net_emit.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* tcp_v4_connect() comes here in the process, before it looks for a local port. */
static __always_inline struct net_socket *tcp_connects(struct sock *sk,
						       struct sonde_net_counters *c)
{
	struct sonde_net_ends ends;
	struct net_socket *s;
	__u64 now;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return NULL;
	now = bpf_ktime_get_ns();
	s = net_begin(sk, c, now);
	if (!s)
		return NULL;
	s->role = SONDE_NET_ROLE_CLIENT;
	s->start_ns = now;
	net_read_ends(&ends, sk);
	net_keep_remote(s, &ends);
	net_reject_ends(s, c, &ends, true);
	net_own(s, c);
	net_event(sk, s, c, SONDE_NET_CONNECT);
	return s;
}

static __always_inline struct net_socket *tcp_listens(struct sock *sk, struct sonde_net_counters *c)
{
	struct sonde_net_ends ends;
	struct net_socket *s;
	__u64 now;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return NULL;
	now = bpf_ktime_get_ns();
	s = net_begin(sk, c, now);
	if (!s)
		return NULL;
	s->role = SONDE_NET_ROLE_LISTENER;
	s->start_ns = now;
	s->drops = (__u32)sk->sk_drops.counter;
	net_read_ends(&ends, sk);
	s->local_port = ends.local_port;
	net_reject_ends(s, c, &ends, false);
	net_own(s, c);
	net_event(sk, s, c, SONDE_NET_LISTEN);
	return s;
}

/* In an interrupt: of an accepted connection the process is not known yet. */
static __always_inline struct net_socket *tcp_establishes(struct sock *sk, struct net_socket *s,
							  struct sonde_net_counters *c, int old)
{
	struct sonde_net_ends ends;
	__u64 now;

	if (s && s->ended)
		s = NULL;
	if (!s && (old != TCP_SYN_RECV || sonde_gate == SONDE_GATE_CLOSED))
		return NULL;
	now = bpf_ktime_get_ns();
	if (!s) {
		s = net_begin(sk, c, now);
		if (!s)
			return NULL;
		s->role = SONDE_NET_ROLE_SERVER;
		s->start_ns = now;
	} else if (s->role == SONDE_NET_ROLE_CLIENT && s->start_ns) {
		s->connect_ns = now - s->start_ns;
	}
	s->established_ns = now;
	s->flags |= SONDE_NET_ESTABLISHED_ONCE;
	net_read_ends(&ends, sk);
	s->local_port = ends.local_port;
	net_reject_ends(s, c, &ends, false);
	net_event(sk, s, c, SONDE_NET_ESTABLISHED);
	return s;
}

/* A connection that no process has touched is nobody's: only a trace of all has it. */
static __always_inline bool tcp_is_wanted(struct net_socket *s, struct sonde_net_counters *c)
{
	if (s->known & NET_REJECTED)
		return false;
	if ((s->known & NET_OWNED) || !(filter_by_tgid || filter_by_comm || filter_cgroup))
		return true;
	net_raise(&c->filtered_target);
	return false;
}

/* `last` is the state that it was in. Also while the gate is closed: a connection that was seen
 * must not vanish. */
static __always_inline void tcp_ends(struct sock *sk, struct net_socket *s,
				     struct sonde_net_counters *c, __u8 last)
{
	if (s->role == SONDE_NET_ROLE_CLIENT && !s->local_port && net_local_port_count) {
		struct sonde_net_ends ends;

		net_read_ends(&ends, sk);
		net_reject_ends(s, c, &ends, false);
	}
	if (tcp_is_wanted(s, c)) {
		if (net_send(sk, s, SONDE_NET_CLOSE, last))
			net_raise(&c->ended);
		else
			net_raise(&c->lost_ring_full);
	}
	http_close(sk, s);
	/* It may read on what came before the peer's FIN, or connect the socket again. */
	s->ended = true;
}

/* close() and shutdown() come here in the process, FINs of the peer in an interrupt. */
static __always_inline void tcp_half_closes(struct net_socket *s, struct sonde_net_counters *c,
					    int new)
{
	if (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK) {
		if (!(s->flags & SONDE_NET_FIN_RECEIVED))
			s->flags |= SONDE_NET_FIN_SENT_FIRST;
		s->flags |= SONDE_NET_FIN_SENT;
		if (!(s->known & NET_OWNED))
			net_own(s, c);
	} else if (new == TCP_CLOSE_WAIT || new == TCP_CLOSING || new == TCP_TIME_WAIT) {
		s->flags |= SONDE_NET_FIN_RECEIVED;
	}
}

static __always_inline int tcp_changes(struct sock *sk, int old, int new)
{
	struct sonde_net_counters *c;
	struct net_socket *s;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
	/* The other program has seen it. */
	if (s && s->state == new)
		return 0;
	c = net_count();
	if (!c)
		return 0;
	c->runs++;
	switch (new) {
	case TCP_SYN_SENT:
		s = tcp_connects(sk, c);
		break;
	case TCP_LISTEN:
		s = tcp_listens(sk, c);
		break;
	case TCP_ESTABLISHED:
		s = tcp_establishes(sk, s, c, old);
		break;
	case TCP_CLOSE:
		if (s && !s->ended)
			tcp_ends(sk, s, c, old);
		break;
	case TCP_SYN_RECV:
		break;
	default:
		if (s && !s->ended)
			tcp_half_closes(s, c, new);
	}
	if (s)
		s->state = new;
	return 0;
}

/*
 * The kernel does not run a program in an interrupt of the same program: of two, one always runs.
 * Whichever is the first to see the state is the one that tells.
 */
SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(net_tcp_state, struct sock *sk, int old, int new)
{
	return tcp_changes(sk, old, new);
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(net_tcp_state_again, struct sock *sk, int old, int new)
{
	return tcp_changes(sk, old, new);
}

/* A socket is freed. If its end was not seen, as where a kernel runs no programs in the interrupts
 * of a process that it protects, then why it ended is not known; connect() has cleared the error.
 */
SEC("?tp_btf/tcp_destroy_sock")
int BPF_PROG(net_tcp_destroy, struct sock *sk)
{
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
	struct sonde_net_counters *c = net_count();

	if (!s || !c || s->ended)
		return 0;
	c->runs++;
	s->flags |= SONDE_NET_END_UNSEEN;
	tcp_ends(sk, s, c, s->state);
	return 0;
}

SEC("?tp_btf/tcp_retransmit_skb")
int BPF_PROG(net_tcp_retransmit, struct sock *sk)
{
	struct sonde_net_counters *c = net_count();
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);

	if (!s || !c || s->ended)
		return 0;
	c->runs++;
	net_event(sk, s, c, SONDE_NET_RETRANSMIT);
	return 0;
}

/* `sk` is NULL for a packet that belongs to no socket. */
SEC("?tp_btf/tcp_send_reset")
int BPF_PROG(net_tcp_send_reset, struct sock *sk)
{
	struct sonde_net_counters *c = net_count();
	struct net_socket *s;

	if (!sk || !c)
		return 0;
	s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
	if (!s || s->ended)
		return 0;
	c->runs++;
	s->flags |= SONDE_NET_HAD_RESET_OUT;
	net_event(sk, s, c, SONDE_NET_RESET_SENT);
	return 0;
}

/* Before the connection is closed for it. */
SEC("?tp_btf/tcp_receive_reset")
int BPF_PROG(net_tcp_receive_reset, struct sock *sk)
{
	struct sonde_net_counters *c = net_count();
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);

	if (!s || !c || s->ended)
		return 0;
	c->runs++;
	s->flags |= SONDE_NET_HAD_RESET_IN;
	net_event(sk, s, c, SONDE_NET_RESET_RECEIVED);
	return 0;
}

#endif
