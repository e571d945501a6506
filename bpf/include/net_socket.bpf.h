/* SPDX-License-Identifier: GPL-2.0-only */
/* What sonde remembers of a socket, in memory that the kernel frees with the socket. */
#ifndef SONDE_NET_SOCKET_BPF_H
#define SONDE_NET_SOCKET_BPF_H

#include "kernel_types.bpf.h"
#include "filter.bpf.h"
#include "gate.bpf.h"
#include "net_filter.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define NET_OWNED    (1u << 0) /* `owner` is known */
#define NET_REJECTED (1u << 1) /* by the filters; `owner` is whom they rejected, if it is known */
#define NET_STRANGER                                                                               \
	(1u << 2)	    /* rejected since `owner` is no target; another process may be one     \
			     */
#define NET_FULL  (1u << 3) /* a flow that has not found room in the map yet */
#define NET_SHOWN (1u << 4) /* one that has */

struct net_socket {
	struct sonde_net_owner owner;
	__u64 id;
	__u64 start_ns;
	__u64 established_ns;
	__u64 connect_ns;
	__u64 accept_ns;
	__u64 tx_before;
	__u64 rx_before;
	__u32 tx_segments_before;
	__u32 rx_segments_before;
	__u32 retransmits_before;
	__u32 known; /* NET_* */
	__u32 flags; /* SONDE_NET_* */
	__u32 drops; /* of a listener when sonde began */
	__u16 local_port;
	__u8 role;  /* SONDE_NET_ROLE_* */
	__u8 http;  /* HTTP_* */
	__u32 told; /* net_live_round in which it was read last */
	/* Of client connections: connect() that fails forgets it. */
	__u8 remote[16];
	__u16 remote_port;
	/* Each in its own byte: set in interrupts, while a process may be at `known`. */
	__u8 state; /* TCP_*: the last one that was seen; 0: none */
	__u8 ended; /* a connection that has ended; not all of it may have been read */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct net_socket);
} net_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_net_counters);
} net_counters SEC(".maps");

static __always_inline struct sonde_net_counters *net_count(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&net_counters, &zero);
}

/* On the same CPU a program in an interrupt may come between a read and a write of a counter. Only
 * `runs`, which no book has, is raised without. */
static __always_inline void net_raise(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline void net_lower(__u64 *counter)
{
	__sync_fetch_and_add(counter, -1);
}

/* Of two that begin in one nanosecond the random parts differ. */
static __always_inline __u64 net_new_id(__u64 now_ns)
{
	return now_ns << 16 ^ (__u64)bpf_get_prandom_u32() << 32 ^ (now_ns & 0xffff) ^ 1;
}

static __always_inline void net_read_owner(struct sonde_net_owner *owner)
{
	struct task_struct *task = bpf_get_current_task_btf();

	owner->tgid = filter_trusted_tgid(task);
	owner->tid = filter_trusted_pid(task);
	owner->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	bpf_get_current_comm(owner->comm, sizeof(owner->comm));
}

static __always_inline void net_keep_remote(struct net_socket *s, const struct sonde_net_ends *ends)
{
	__builtin_memcpy(s->remote, ends->remote, sizeof(s->remote));
	s->remote_port = ends->remote_port;
}

static __always_inline bool net_is_mapped(const __u8 *address)
{
	__u64 high;
	__u32 middle;

	__builtin_memcpy(&high, address, sizeof(high));
	__builtin_memcpy(&middle, address + 8, sizeof(middle));
	return !high && middle == bpf_htonl(0xffff);
}

static __always_inline void net_map_ipv4(__u8 *to, __be32 address)
{
	__builtin_memset(to, 0, 10);
	to[10] = 0xff;
	to[11] = 0xff;
	__builtin_memcpy(to + 12, &address, sizeof(address));
}

/* `sk` is a pointer that the verifier knows. */
static __always_inline void net_read_ends(struct sonde_net_ends *ends, const struct sock *sk)
{
	const struct inet_sock *inet = (const void *)sk;

	__builtin_memset(ends, 0, sizeof(*ends));
	ends->family = sk->__sk_common.skc_family;
	ends->type = (__u8)sk->sk_type;
	ends->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (ends->family == NET_AF_UNIX)
		return;
	ends->protocol = (__u8)sk->sk_protocol;
	ends->local_port = sk->__sk_common.skc_num;
	/* tcp_set_state() gives the port back before it tells that the socket is closed. */
	if (!ends->local_port)
		ends->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	ends->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
	if (ends->family == NET_AF_INET) {
		net_map_ipv4(ends->local, sk->__sk_common.skc_rcv_saddr);
		net_map_ipv4(ends->remote, sk->__sk_common.skc_daddr);
		return;
	}
	bpf_core_read(ends->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	bpf_core_read(ends->remote, 16, &sk->__sk_common.skc_v6_daddr);
	if (net_is_mapped(ends->remote))
		ends->family = NET_AF_INET;
}

/* Whether the current process is one to trace; counts it if not. */
static __always_inline bool net_target_passes(const struct sonde_net_owner *owner,
					      struct sonde_net_counters *c)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if ((owner->tgid == filter_self_tgid && filter_self_tgid) ||
	    !filter_passes(task, owner->tgid)) {
		net_raise(&c->filtered_target);
		return false;
	}
	return true;
}

/* Memory for a socket that is seen for the first time. */
static __always_inline struct net_socket *net_begin(struct sock *sk, struct sonde_net_counters *c,
						    __u64 now_ns)
{
	struct net_socket *s =
	    bpf_sk_storage_get(&net_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	net_raise(&c->seen);
	if (!s) {
		net_raise(&c->sockets_lost);
		return NULL;
	}
	/* A socket that is connected again has that of its last connection. */
	__builtin_memset(s, 0, sizeof(*s));
	s->id = net_new_id(now_ns);
	if (sonde_gate == SONDE_GATE_PAUSED) {
		net_raise(&c->filtered_paused);
		s->known = NET_REJECTED;
	}
	return s;
}

/* Gives the socket to the current process, or rejects it. */
static __always_inline void net_own(struct net_socket *s, struct sonde_net_counters *c)
{
	net_read_owner(&s->owner);
	s->known |= NET_OWNED;
	if (s->known & NET_STRANGER) {
		net_lower(&c->filtered_target);
		s->known &= ~(NET_STRANGER | NET_REJECTED);
	}
	if (!(s->known & NET_REJECTED) && !net_target_passes(&s->owner, c))
		s->known |= NET_REJECTED | NET_STRANGER;
}

static __always_inline void net_reject_ends(struct net_socket *s, struct sonde_net_counters *c,
					    const struct sonde_net_ends *ends, bool connecting)
{
	if ((s->known & NET_REJECTED) || net_ends_pass(ends, connecting))
		return;
	net_raise(&c->filtered_filter);
	s->known |= NET_REJECTED;
}

#endif
