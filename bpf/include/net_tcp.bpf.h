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
static __always_inline void tcp_connects(struct sock *sk, struct sonde_net_counters *c)
{
	struct sonde_net_ends ends;
	struct net_socket *s;
	__u64 now;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return;
	now = bpf_ktime_get_ns();
	s = net_begin(sk, c, now);
	if (!s)
		return;
	s->role = SONDE_NET_ROLE_CLIENT;
	s->start_ns = now;
	net_read_ends(&ends, sk);
	net_reject_ends(s, c, &ends, true);
	net_own(s, c);
	net_event(sk, s, c, SONDE_NET_CONNECT);
}

static __always_inline void tcp_listens(struct sock *sk, struct sonde_net_counters *c)
{
	struct sonde_net_ends ends;
	struct net_socket *s;
	__u64 now;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return;
	now = bpf_ktime_get_ns();
	s = net_begin(sk, c, now);
	if (!s)
		return;
	s->role = SONDE_NET_ROLE_LISTENER;
	s->start_ns = now;
	s->drops = (__u32)sk->sk_drops.counter;
	net_read_ends(&ends, sk);
	s->local_port = ends.local_port;
	net_reject_ends(s, c, &ends, false);
	net_own(s, c);
	net_event(sk, s, c, SONDE_NET_LISTEN);
}

/* In an interrupt: of an accepted connection the process is not known yet. */
static __always_inline void tcp_establishes(struct sock *sk, struct sonde_net_counters *c, int old)
{
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
	struct sonde_net_ends ends;
	__u64 now;

	if (s && (s->known & NET_ENDED))
		s = NULL;
	if (!s && (old != TCP_SYN_RECV || sonde_gate == SONDE_GATE_CLOSED))
		return;
	now = bpf_ktime_get_ns();
	if (!s) {
		s = net_begin(sk, c, now);
		if (!s)
			return;
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

static __always_inline void tcp_closes(struct sock *sk, struct sonde_net_counters *c, int old)
{
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);

	/* Also while the gate is closed: a connection that was seen must not vanish. */
	if (!s || (s->known & NET_ENDED))
		return;
	if (s->role == SONDE_NET_ROLE_CLIENT && !s->local_port && net_local_port_count) {
		struct sonde_net_ends ends;

		net_read_ends(&ends, sk);
		net_reject_ends(s, c, &ends, false);
	}
	if (tcp_is_wanted(s, c)) {
		if (net_send(sk, s, SONDE_NET_CLOSE, (__u8)old))
			net_raise(&c->ended);
		else
			net_raise(&c->lost_ring_full);
	}
	http_close(sk, s);
	/* It may read on what came before the peer's FIN, or connect the socket again. */
	s->known |= NET_ENDED;
}

/* close() and shutdown() come here in the process, FINs of the peer in an interrupt. */
static __always_inline void tcp_half_closes(struct sock *sk, struct sonde_net_counters *c, int old,
					    int new)
{
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);

	if (!s || (s->known & NET_ENDED))
		return;
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

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(net_tcp_state, struct sock *sk, int old, int new)
{
	struct sonde_net_counters *c;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	c = net_count();
	if (!c)
		return 0;
	c->runs++;
	switch (new) {
	case TCP_SYN_SENT:
		tcp_connects(sk, c);
		break;
	case TCP_LISTEN:
		tcp_listens(sk, c);
		break;
	case TCP_ESTABLISHED:
		tcp_establishes(sk, c, old);
		break;
	case TCP_CLOSE:
		tcp_closes(sk, c, old);
		break;
	case TCP_SYN_RECV:
		break;
	default:
		tcp_half_closes(sk, c, old, new);
	}
	return 0;
}

SEC("?tp_btf/tcp_retransmit_skb")
int BPF_PROG(net_tcp_retransmit, struct sock *sk)
{
	struct sonde_net_counters *c = net_count();
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);

	if (!s || !c || (s->known & NET_ENDED))
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
	if (!s || (s->known & NET_ENDED))
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

	if (!s || !c || (s->known & NET_ENDED))
		return 0;
	c->runs++;
	s->flags |= SONDE_NET_HAD_RESET_IN;
	net_event(sk, s, c, SONDE_NET_RESET_RECEIVED);
	return 0;
}

#endif
