/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of TCP connections. */
#ifndef SONDE_NET_EMIT_BPF_H
#define SONDE_NET_EMIT_BPF_H

#include "kernel_types.bpf.h"
#include "net_socket.bpf.h"
#include <bpf/bpf_helpers.h>

const volatile bool net_events = false;
const volatile __u64 net_wakeup_bytes = 64 << 10;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* set by user space */
} net_ring SEC(".maps");

/* Wakes user space when much is waiting; it looks ten times a second in any case. */
static __always_inline __u64 net_wakeup(void)
{
	return bpf_ringbuf_query(&net_ring, BPF_RB_AVAIL_DATA) > net_wakeup_bytes
		   ? BPF_RB_FORCE_WAKEUP
		   : BPF_RB_NO_WAKEUP;
}

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT	2
#define TCP_SYN_RECV	3
#define TCP_FIN_WAIT1	4
#define TCP_FIN_WAIT2	5
#define TCP_TIME_WAIT	6
#define TCP_CLOSE	7
#define TCP_CLOSE_WAIT	8
#define TCP_LAST_ACK	9
#define TCP_LISTEN	10
#define TCP_CLOSING	11

#define SOCK_DONE 1 /* enum sock_flags: tcp_fin() has seen the peer's FIN */

struct net_bytes {
	__u64 tx;
	__u64 rx;
	__u32 unsent;
	__u32 unread;
	bool connects; /* it sent the first SYN */
};

/*
 * What the process has written and read. The kernel counts what was acknowledged and received, SYN
 * and FIN as a byte each. It does not count the SYN that it answers to, so whether one is among
 * bytes_acked is found out by bytes_sent, which counts payload only. That alone would not do: it
 * counts segments that the own queueing discipline dropped, and bytes_retrans does not.
 * copied_seq counts the peer's FIN once the process has read the end of the stream.
 */
static __always_inline void net_read_bytes(struct net_bytes *bytes, const struct sock *sk,
					   const struct tcp_sock *tcp, __u8 state)
{
	const bool fin_received = sk->__sk_common.skc_flags >> SOCK_DONE & 1;
	const bool fin_sent = state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
			      state == TCP_CLOSING || state == TCP_LAST_ACK ||
			      state == TCP_TIME_WAIT;
	__u32 unacked = tcp->write_seq - tcp->snd_una;
	__u32 unsent = tcp->write_seq - tcp->snd_nxt;
	__u32 unread = tcp->rcv_nxt - tcp->copied_seq;
	__u64 sent, written;

	if (unsent && fin_sent)
		unsent--;
	if (fin_received && !unread)
		unread = 1;
	written = tcp->bytes_acked + unacked - fin_sent;
	sent = tcp->bytes_sent - tcp->bytes_retrans + unsent;
	bytes->connects = sent == written ? false : sent + 1 == written || !sk->sk_max_ack_backlog;
	bytes->tx = written - bytes->connects;
	bytes->rx = tcp->bytes_received - unread;
	bytes->unsent = unsent;
	bytes->unread = unread - fin_received;
}

/* Of a connection that is found: what went through it before. */
static __always_inline void net_set_before(struct net_socket *s, struct sock *sk)
{
	const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	__u8 state = sk->__sk_common.skc_state;
	struct net_bytes bytes;

	if (!tcp || state == TCP_LISTEN || state == TCP_SYN_SENT)
		return;
	net_read_bytes(&bytes, sk, tcp, state);
	s->role = bytes.connects ? SONDE_NET_ROLE_CLIENT : SONDE_NET_ROLE_SERVER;
	s->tx_before = bytes.tx;
	s->rx_before = bytes.rx;
	s->tx_segments_before = tcp->segs_out;
	s->rx_segments_before = tcp->segs_in;
	s->retransmits_before = tcp->total_retrans;
}

static __always_inline void net_read_tcp(struct sonde_connection_record *r, struct sock *sk,
					 __u8 state)
{
	const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct net_bytes bytes;

	if (!tcp)
		return;
	if (state == TCP_LISTEN) {
		r->backlog = sk->sk_ack_backlog;
		r->backlog_limit = sk->sk_max_ack_backlog;
		return;
	}
	if (state != TCP_SYN_SENT) {
		net_read_bytes(&bytes, sk, tcp, state);
		r->tx_bytes = bytes.tx;
		r->rx_bytes = bytes.rx;
		r->unsent_bytes = bytes.unsent;
		r->unread_bytes = bytes.unread;
	}
	r->tx_segments = tcp->segs_out;
	r->rx_segments = tcp->segs_in;
	r->retransmits = tcp->total_retrans;
	r->srtt_us = tcp->srtt_us >> 3;
	r->min_rtt_us = tcp->rtt_min.s[0].v;
	r->cwnd = tcp->snd_cwnd;
}

/* `state` is the one that figures are read by: at the end of a connection its last one. */
static __always_inline void net_fill(struct sonde_connection_record *r, struct sock *sk,
				     const struct net_socket *s, __u8 event, __u8 state)
{
	__builtin_memset(r, 0, sizeof(*r));
	r->header.kind = SONDE_RECORD_CONNECTION;
	r->header.version = SONDE_WIRE_VERSION;
	r->header.length = sizeof(*r);
	r->header.time_ns = bpf_ktime_get_ns();
	r->id = s->id;
	r->owner = s->owner;
	net_read_ends(&r->ends, sk);
	if (!r->ends.local_port)
		r->ends.local_port = s->local_port;
	if (!r->ends.remote_port && s->remote_port) {
		__builtin_memcpy(r->ends.remote, s->remote, sizeof(r->ends.remote));
		r->ends.remote_port = s->remote_port;
	}
	r->start_ns = s->start_ns;
	r->connect_ns = s->connect_ns;
	r->accept_ns = s->accept_ns;
	r->tx_before = s->tx_before;
	r->rx_before = s->rx_before;
	r->tx_segments_before = s->tx_segments_before;
	r->rx_segments_before = s->rx_segments_before;
	r->retransmits_before = s->retransmits_before;
	r->flags = s->flags;
	r->event = event;
	r->role = s->role;
	r->state = event == SONDE_NET_CLOSE ? TCP_CLOSE : state;
	r->last_state = state;
	r->error = sk->sk_err;
	net_read_tcp(r, sk, state);
	if (s->role == SONDE_NET_ROLE_LISTENER)
		r->drops = (__u32)sk->sk_drops.counter - s->drops;
}

/* After a read from a connection that has ended. */
static __noinline int net_send_late_read(struct sock *sk, const struct net_socket *s)
{
	const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct sonde_net_counters *c = net_count();
	struct sonde_late_read_record *r;
	struct net_bytes bytes;

	if (!tcp || !s || !c || (s->known & NET_REJECTED))
		return 0;
	r = bpf_ringbuf_reserve(&net_ring, sizeof(*r), 0);
	if (!r) {
		net_raise(&c->late_lost);
		return 0;
	}
	net_read_bytes(&bytes, sk, tcp, TCP_CLOSE);
	r->header.kind = SONDE_RECORD_LATE_READ;
	r->header.version = SONDE_WIRE_VERSION;
	r->header.length = sizeof(*r);
	r->header.time_ns = bpf_ktime_get_ns();
	r->id = s->id;
	r->rx_bytes = bytes.rx;
	bpf_ringbuf_submit(r, net_wakeup());
	return 0;
}

/* False if it found no room. */
static __noinline int net_send(struct sock *sk, const struct net_socket *s, __u8 event, __u8 state)
{
	struct sonde_connection_record *r;

	if (!s)
		return 0;
	r = bpf_ringbuf_reserve(&net_ring, sizeof(*r), 0);
	if (!r)
		return 0;
	net_fill(r, sk, s, event, state);
	bpf_ringbuf_submit(r, net_wakeup());
	return 1;
}

/* Something that has happened to a connection that goes on. */
static __always_inline void net_event(struct sock *sk, const struct net_socket *s,
				      struct sonde_net_counters *c, __u8 event)
{
	if (!net_events || (s->known & NET_REJECTED) || sonde_gate != SONDE_GATE_RECORDING)
		return;
	net_raise(&c->events);
	if (!net_send(sk, s, event, sk->__sk_common.skc_state))
		net_raise(&c->events_lost);
}

#endif
