/* SPDX-License-Identifier: GPL-2.0-only */
/* Each send and receive of TCP and UDP sockets, where they are asked for. */
#ifndef SONDE_NET_TRANSFER_BPF_H
#define SONDE_NET_TRANSFER_BPF_H

#include "kernel_types.bpf.h"
#include "net_emit.bpf.h"
#include <bpf/bpf_helpers.h>

const volatile bool net_transfers = false;

static __noinline int transfer_send(struct sock *sk, const struct net_socket *s, __u32 bytes,
				    bool sends)
{
	struct sonde_net_counters *c = net_count();
	struct sonde_transfer_record *r;

	if (!s || !c)
		return 0;
	net_raise(&c->events);
	r = bpf_ringbuf_reserve(&net_ring, sizeof(*r), 0);
	if (!r) {
		net_raise(&c->events_lost);
		return 0;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->header.kind = SONDE_RECORD_TRANSFER;
	r->header.version = SONDE_WIRE_VERSION;
	r->header.length = sizeof(*r);
	r->header.time_ns = bpf_ktime_get_ns();
	/* Several processes may have the socket. */
	net_read_owner(&r->owner);
	net_read_ends(&r->ends, sk);
	r->bytes = bytes;
	r->sent = sends;
	r->role = s->role;
	bpf_ringbuf_submit(r, net_wakeup());
	return 0;
}

static __always_inline void net_transfer(struct sock *sk, const struct net_socket *s, __u32 bytes,
					 bool sends)
{
	if (net_transfers && sonde_gate == SONDE_GATE_RECORDING && !(s->known & NET_REJECTED))
		transfer_send(sk, s, bytes, sends);
}

#endif
