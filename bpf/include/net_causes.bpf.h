/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP packets that the kernel drops, by their ends: what a connection that fails may have failed
 * for. User space asks for those of the connections that did. */
#ifndef SONDE_NET_CAUSES_BPF_H
#define SONDE_NET_CAUSES_BPF_H

#include "kernel_types.bpf.h"
#include "net_drops.bpf.h"
#include "net_packet.bpf.h"
#include "../shared/drop_event.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Value of enum skb_drop_reason for what is left in the queues of a socket that is closed, such as
 * a FIN that nobody read: no cause of anything. */
const volatile __u32 cause_purged = 0;

/* A flood pushes the oldest out. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct sonde_drop_ends);
	__type(value, struct sonde_drop_cause);
} drop_causes SEC(".maps");

struct cause_work {
	struct packet packet;
	struct sonde_drop_ends ends;
	struct sonde_drop_cause cause;
};

/* As drop_scratch. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cause_work);
} cause_scratch SEC(".maps");

static __always_inline void cause_add(struct cause_work *work, void *location, __u32 reason)
{
	const struct sonde_net_ends *from = &work->packet.ends;
	struct sonde_drop_cause *known;

	__builtin_memset(&work->ends, 0, sizeof(work->ends));
	__builtin_memcpy(work->ends.source, from->local, 16);
	__builtin_memcpy(work->ends.destination, from->remote, 16);
	work->ends.source_port = from->local_port;
	work->ends.destination_port = from->remote_port;
	known = bpf_map_lookup_elem(&drop_causes, &work->ends);
	if (known) {
		__sync_fetch_and_add(&known->packets, 1);
		known->location = (__u64)location;
		known->reason = reason;
		return;
	}
	work->cause.packets = 1;
	work->cause.location = (__u64)location;
	work->cause.reason = reason;
	work->cause.pad = 0;
	bpf_map_update_elem(&drop_causes, &work->ends, &work->cause, BPF_NOEXIST);
}

SEC("?tp_btf/kfree_skb")
int BPF_PROG(net_drop_cause, struct sk_buff *skb, void *location, __u32 reason)
{
	struct sonde_net_counters *c;
	struct cause_work *work;
	__u32 zero = 0, network;

	if (sonde_gate != SONDE_GATE_RECORDING || reason == drop_not_dropped ||
	    reason == drop_consumed || reason == cause_purged)
		return 0;
	network = skb->network_header;
	if (!network || (skb->protocol != PACKET_IPV4 && skb->protocol != PACKET_IPV6))
		return 0;
	c = net_count();
	work = bpf_map_lookup_elem(&cause_scratch, &zero);
	if (!c || !work)
		return 0;
	c->runs++;
	if (packet_read(&work->packet, skb->head + network,
			skb->len + (__u32)(skb->data - skb->head) - network, skb->protocol, true) &&
	    work->packet.ends.protocol == IPPROTO_TCP && !work->packet.part)
		cause_add(work, location, reason);
	return 0;
}

#endif
