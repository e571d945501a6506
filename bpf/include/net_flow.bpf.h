/* SPDX-License-Identifier: GPL-2.0-only */
/* What goes through UDP and AF_UNIX sockets, added up by socket; user space takes it out once a
 * second. It outlives the socket, whose end no tracepoint tells. */
#ifndef SONDE_NET_FLOW_BPF_H
#define SONDE_NET_FLOW_BPF_H

#include "kernel_types.bpf.h"
#include "net_socket.bpf.h"
#include "net_unix.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Sizes and no types: as in call_rows.bpf.h. */
struct flow_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(__u64));
	__uint(value_size, sizeof(struct sonde_flow));
};

struct flow_map flows_a SEC(".maps");
struct flow_map flows_b SEC(".maps");

/* Swapped by user space, as in stack_counts.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct flow_map);
} flows SEC(".maps") = {
    .values = {&flows_a},
};

/* A new flow to copy from: too large for the stack of a program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_flow);
} new_flow SEC(".maps");

static __always_inline void flow_read_unix(struct sonde_flow *flow, struct sock *sk)
{
	const struct unix_sock *u = (const void *)sk;

	flow->inode = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	flow->peer = BPF_CORE_READ(u, peer, sk_socket, file, f_inode, i_ino);
	unix_read_name(&flow->name, sk);
}

static __noinline struct sonde_flow *flow_begin(struct sock *sk, struct net_socket *s, void *map)
{
	__u32 zero = 0;
	struct sonde_flow *flow = bpf_map_lookup_elem(&new_flow, &zero);
	__u64 id;

	if (!flow || !s)
		return NULL;
	__builtin_memset(flow, 0, sizeof(*flow));
	id = s->id;
	flow->owner = s->owner;
	net_read_ends(&flow->ends, sk);
	flow->flags = s->flags;
	flow->state = sk->__sk_common.skc_state;
	flow->first_ns = bpf_ktime_get_ns();
	if (flow->ends.family == NET_AF_UNIX)
		flow_read_unix(flow, sk);
	bpf_map_update_elem(map, &id, flow, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, &id);
}

static __always_inline int flow_add(struct sock *sk, struct net_socket *s, __u32 bytes, bool sends)
{
	struct sonde_net_counters *c = net_count();
	struct sonde_flow *flow;
	__u64 id = s->id;
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&flows, &zero);

	if (!map || !c || sonde_gate != SONDE_GATE_RECORDING)
		return 0;
	flow = bpf_map_lookup_elem(map, &id);
	if (!flow)
		flow = flow_begin(sk, s, map);
	if (!flow) {
		net_raise(&c->flow_calls_lost);
		if (!(s->known & (NET_FULL | NET_SHOWN))) {
			s->known |= NET_FULL;
			net_raise(&c->flows_full);
		}
		return 0;
	}
	if (s->known & NET_FULL) {
		s->known &= ~NET_FULL;
		net_lower(&c->flows_full);
	}
	s->known |= NET_SHOWN;
	flow->last_ns = bpf_ktime_get_ns();
	if (sends) {
		__sync_fetch_and_add(&flow->tx_bytes, bytes);
		__sync_fetch_and_add(&flow->tx_messages, 1);
	} else {
		__sync_fetch_and_add(&flow->rx_bytes, bytes);
		__sync_fetch_and_add(&flow->rx_messages, 1);
	}
	return 0;
}

#endif
