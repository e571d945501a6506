/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sends and receives: whose a connection is, and what goes through UDP and AF_UNIX sockets. What
 * goes through TCP the kernel counts itself.
 */
#ifndef SONDE_NET_IO_BPF_H
#define SONDE_NET_IO_BPF_H

#include "kernel_types.bpf.h"
#include "http.bpf.h"
#include "net_emit.bpf.h"
#include "net_flow.bpf.h"
#include "net_transfer.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define NET_MSG_PEEK	 0x2
#define NET_MSG_ERRQUEUE 0x2000

/* The filters rejected another process than this one. */
static __always_inline bool io_is_by_another(const struct net_socket *s)
{
	return (s->known & NET_STRANGER) &&
	       s->owner.tgid != filter_trusted_tgid(bpf_get_current_task_btf());
}

/* The first send or receive of a connection, or the first of another process. */
static __noinline int io_begins(struct sock *sk, struct net_socket *s)
{
	struct sonde_net_counters *c = net_count();
	struct sonde_net_ends ends;
	__u64 now;

	if (!c || sonde_gate == SONDE_GATE_CLOSED || (s && s->ended))
		return 0;
	now = bpf_ktime_get_ns();
	if (!s) {
		/* Connections that end now were told, or never seen. */
		if (sk->sk_protocol == IPPROTO_TCP && sk->__sk_common.skc_family != NET_AF_UNIX &&
		    sk->__sk_common.skc_state == TCP_CLOSE)
			return 0;
		s = net_begin(sk, c, now);
		if (!s)
			return 0;
		/* No process has it, else net_seed would have found it: nothing was read yet. */
		if (sk->__sk_common.skc_family != NET_AF_UNIX && sk->sk_protocol == IPPROTO_TCP) {
			s->flags |= SONDE_NET_FOUND | SONDE_NET_ESTABLISHED_ONCE;
			s->state = sk->__sk_common.skc_state;
		}
		net_read_ends(&ends, sk);
		s->local_port = ends.local_port;
		net_reject_ends(s, c, &ends, false);
	}
	if (s->established_ns && !(s->known & NET_OWNED) && s->role == SONDE_NET_ROLE_SERVER)
		s->accept_ns = now - s->established_ns;
	net_own(s, c);
	if (s->role == SONDE_NET_ROLE_SERVER)
		net_event(sk, s, c, SONDE_NET_ACCEPT);
	return 0;
}

static __always_inline struct net_socket *io_socket(struct sock *sk)
{
	struct net_socket *s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);

	if (s && (s->known & NET_OWNED) && !io_is_by_another(s))
		return s;
	io_begins(sk, s);
	return bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
}

static __always_inline int net_io(struct sock *sk, int result, int flags, bool sends)
{
	__u16 family = sk->__sk_common.skc_family;
	__u16 protocol = sk->sk_protocol;
	struct sonde_net_counters *c;
	struct net_socket *s;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return 0;
	c = net_count();
	if (c)
		c->runs++;
	if (family == NET_AF_INET || family == NET_AF_INET6) {
		if (protocol == IPPROTO_TCP) {
			s = io_socket(sk);
			if (!s || result <= 0)
				return 0;
			if (!(flags & (NET_MSG_PEEK | NET_MSG_ERRQUEUE)))
				net_transfer(sk, s, (__u32)result, sends);
			if (s->ended) {
				if (!sends)
					net_send_late_read(sk, s);
			} else if (!(flags & (NET_MSG_PEEK | NET_MSG_ERRQUEUE)) &&
				   !(s->known & NET_REJECTED)) {
				http_io(sk, s, (__u32)result, sends);
			}
			return 0;
		}
		if (protocol != IPPROTO_UDP)
			return 0;
	} else if (family != NET_AF_UNIX) {
		return 0;
	}
	if (http_enabled && !result && !sends && family == NET_AF_UNIX &&
	    sk->sk_type == NET_SOCK_STREAM && !(flags & NET_MSG_PEEK))
		return http_reads_end(sk);
	/* An empty datagram is one, the end of a stream is not. */
	if (result < 0 || (!result && sk->sk_type != NET_SOCK_DGRAM) ||
	    flags & (NET_MSG_PEEK | NET_MSG_ERRQUEUE))
		return 0;
	s = io_socket(sk);
	if (!s || (s->known & NET_REJECTED))
		return 0;
	if (family != NET_AF_UNIX)
		net_transfer(sk, s, (__u32)result, sends);
	else if (sk->sk_type == NET_SOCK_STREAM)
		http_io(sk, s, (__u32)result, sends);
	return flow_add(sk, s, (__u32)result, sends);
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(net_send_length, struct sock *sk, int result, int flags)
{
	return net_io(sk, result, flags, true);
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(net_recv_length, struct sock *sk, int result, int flags)
{
	return net_io(sk, result, flags, false);
}

/* Where the kernel has not the two above: a process has read from a TCP connection. */
SEC("?tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(net_tcp_reads, struct sock *sk)
{
	struct sonde_net_counters *c;
	struct net_socket *s;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return 0;
	c = net_count();
	if (c)
		c->runs++;
	s = io_socket(sk);
	if (s && s->ended)
		net_send_late_read(sk, s);
	return 0;
}

#endif
