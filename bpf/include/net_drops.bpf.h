/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets that the kernel drops: counted by reason, packet and place, and by kernel stack. */
#ifndef SONDE_NET_DROPS_BPF_H
#define SONDE_NET_DROPS_BPF_H

#include "kernel_types.bpf.h"
#include "kernel_compat.bpf.h"
#include "net_emit.bpf.h"
#include "net_packet.bpf.h"
#include "stack_counts.bpf.h"
#include "../shared/drop_event.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Values of enum skb_drop_reason that are no drops; set by user space from this kernel's names. */
const volatile __u32 drop_not_dropped = 0;
const volatile __u32 drop_consumed = 0;
/* Each drop is sent, instead of counted. */
const volatile bool drop_events = false;

/* Sizes and no types: as in call_rows.bpf.h. */
struct drop_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct sonde_drop_key));
	__uint(value_size, sizeof(struct sonde_drop_stats));
};

struct drop_map drops_a SEC(".maps");
struct drop_map drops_b SEC(".maps");

/* Swapped by user space, as in stack_counts.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct drop_map);
} drops SEC(".maps") = {
    .values = {&drops_a},
};

/* Entries since user space swapped the maps; from so many on, drops are told apart by reason and
 * place only. */
volatile __u64 drop_flows = 0;
const volatile __u64 drop_most_flows = 12288; /* set by user space */

struct drop_work {
	struct packet packet;
	struct sonde_drop_record record;
};

/* A program does not run in an interrupt that it is interrupted by. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop_work);
} drop_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_drop_counters);
} drop_counters SEC(".maps");

#define PROC_FIRST_INUM 0xF0000000 /* PROC_DYNAMIC_FIRST in fs/proc/generic.c */

/* A packet in a socket's queue keeps other things in the place of its device: it is one if it is in
 * a network namespace. */
static __always_inline void drop_read_device(struct sonde_drop_key *key, struct sk_buff *skb)
{
	struct net_device *device = BPF_CORE_READ(skb, dev);
	__u32 netns = device ? BPF_CORE_READ(device, nd_net.net, ns.inum) : 0;
	__s32 index = device ? BPF_CORE_READ(device, ifindex) : 0;

	if (netns < PROC_FIRST_INUM || index <= 0)
		return;
	key->ends.netns = netns;
	key->interface = index;
	BPF_CORE_READ_STR_INTO(&key->device, device, name);
}

static __always_inline void drop_read_packet(struct drop_work *work, struct sk_buff *skb)
{
	struct sonde_drop_key *key = &work->record.key;
	__u32 network = skb->network_header;
	__u32 length = skb->len + (__u32)(skb->data - skb->head) - network;

	key->ethertype = bpf_ntohs(skb->protocol);
	if (network && packet_read(&work->packet, skb->head + network, length, skb->protocol, true))
		key->ends = work->packet.ends;
	drop_read_device(key, skb);
}

/* Of sockets that no process has sent or received with yet. */
struct drop_owner {
	__u32 tgid;
	__u32 is_target;
	char comm[SONDE_COMM_LENGTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct drop_owner);
} drop_owners SEC(".maps");

/* Drops of sockets whose process was not known: user space then looks for them again. */
volatile __u64 drop_unowned = 0;

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/*
 * Whose the packet is: the socket's that it was on its way to or came from. A socket that has sent
 * nothing yet is the current process's that sends with it; that is in an interrupt only for packets
 * that waited, and by then the socket is known. Whether the process is a target.
 */
static __always_inline bool drop_read_owner(struct sonde_drop_key *key, struct sock *sk,
					    bool outgoing)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct drop_owner *found;
	struct net_socket *s;

	if (!sk || sk->__sk_common.skc_state == TCP_NEW_SYN_RECV ||
	    sk->__sk_common.skc_state == TCP_TIME_WAIT)
		return false;
	if (!key->ends.family)
		key->ends.family = sk->__sk_common.skc_family;
	if (!key->ends.netns)
		key->ends.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
	if (s && (s->known & NET_OWNED)) {
		key->tgid = s->owner.tgid;
		__builtin_memcpy(key->comm, s->owner.comm, sizeof(key->comm));
		return !(s->known & NET_STRANGER);
	}
	if (outgoing && task->pid && !(task->flags & PF_KTHREAD)) {
		key->tgid = filter_trusted_tgid(task);
		bpf_get_current_comm(key->comm, sizeof(key->comm));
		return filter_passes(task, key->tgid);
	}
	found = bpf_sk_storage_get(&drop_owners, sk, NULL, 0);
	if (!found) {
		__sync_fetch_and_add(&drop_unowned, 1);
		return false;
	}
	key->tgid = found->tgid;
	__builtin_memcpy(key->comm, found->comm, sizeof(key->comm));
	return found->is_target;
}

static __always_inline bool drop_passes_filter(struct drop_work *work, bool outgoing)
{
	const struct sonde_net_ends *ends = &work->record.key.ends;
	struct sonde_net_ends *turned = &work->packet.ends;

	if (!net_filtered || outgoing)
		return net_ends_pass(ends, false);
	*turned = *ends;
	__builtin_memcpy(turned->local, ends->remote, 16);
	__builtin_memcpy(turned->remote, ends->local, 16);
	turned->local_port = ends->remote_port;
	turned->remote_port = ends->local_port;
	return net_ends_pass(turned, false);
}

static __always_inline bool drop_add(struct drop_work *work, struct sonde_drop_counters *c)
{
	struct sonde_drop_stats *sum, first = {.packets = 1};
	struct sonde_drop_key *key = &work->record.key;
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&drops, &zero);

	if (!map)
		return false;
	first.bytes = work->record.bytes;
	first.last_ns = work->record.header.time_ns;
	sum = bpf_map_lookup_elem(map, key);
	if (!sum && drop_flows >= drop_most_flows) {
		/* Floods have endless addresses; their reasons and places are few. */
		__builtin_memset(key->ends.local, 0, sizeof(key->ends.local));
		__builtin_memset(key->ends.remote, 0, sizeof(key->ends.remote));
		key->ends.local_port = 0;
		key->ends.remote_port = 0;
		c->merged++;
		sum = bpf_map_lookup_elem(map, key);
	}
	if (!sum) {
		if (!bpf_map_update_elem(map, key, &first, BPF_NOEXIST)) {
			__sync_fetch_and_add(&drop_flows, 1);
			return true;
		}
		/* Another CPU may have inserted it meanwhile. */
		sum = bpf_map_lookup_elem(map, key);
		if (!sum)
			return false;
	}
	__sync_fetch_and_add(&sum->packets, 1);
	__sync_fetch_and_add(&sum->bytes, first.bytes);
	sum->last_ns = first.last_ns;
	return true;
}

static __always_inline int drop(void *ctx, struct sk_buff *skb, void *location, __u32 reason,
				struct sock *receiver)
{
	struct sonde_drop_counters *c;
	struct sonde_drop_key *key;
	struct drop_work *work;
	bool outgoing, targets;
	struct sock *sk;
	__u32 zero = 0;

	if (sonde_gate == SONDE_GATE_CLOSED || reason == drop_not_dropped ||
	    reason == drop_consumed)
		return 0;
	c = bpf_map_lookup_elem(&drop_counters, &zero);
	work = bpf_map_lookup_elem(&drop_scratch, &zero);
	if (!c || !work)
		return 0;
	c->seen++;
	if (sonde_gate == SONDE_GATE_PAUSED) {
		c->filtered_paused++;
		return 0;
	}
	key = &work->record.key;
	__builtin_memset(key, 0, sizeof(*key));
	key->location = (__u64)location;
	key->reason = reason;
	drop_read_packet(work, skb);
	sk = receiver ? receiver : skb->sk;
	/* Received packets may have their socket early. */
	outgoing = !receiver && sk &&
		   (!key->ends.local_port || key->ends.local_port == sk->__sk_common.skc_num);
	targets = filter_by_tgid || filter_by_comm || filter_cgroup;
	if (!drop_read_owner(key, sk, outgoing) && targets) {
		c->filtered_target++;
		return 0;
	}
	if (!drop_passes_filter(work, outgoing)) {
		c->filtered_filter++;
		return 0;
	}
	work->record.bytes = skb->len;
	work->record.header.time_ns = bpf_ktime_get_ns();
	if (drop_events) {
		work->record.header.kind = SONDE_RECORD_DROP;
		work->record.header.version = SONDE_WIRE_VERSION;
		work->record.header.length = sizeof(work->record);
		if (bpf_ringbuf_output(&net_ring, &work->record, sizeof(work->record),
				       net_wakeup()))
			c->lost_ring_full++;
		else
			c->recorded++;
		return 0;
	}
	if (!drop_add(work, c)) {
		c->lost_map_full++;
		return 0;
	}
	c->recorded++;
	if (!stack_counts_add_of(ctx, key->tgid, key->comm, reason, 1, STACK_KERNEL))
		c->stacks_lost++;
	return 0;
}

/* Whose the sockets are that the processes have open. */
SEC("?iter/task_file")
int net_drop_owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct drop_owner *owner;
	struct socket *socket;
	struct sock *sk;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	owner = bpf_sk_storage_get(&drop_owners, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!owner || (owner->tgid && owner->is_target))
		return 0;
	owner->tgid = filter_tgid_of(task);
	BPF_CORE_READ_STR_INTO(&owner->comm, task, group_leader, comm);
	owner->is_target = filter_passes(task, owner->tgid);
	return 0;
}

SEC("?tp_btf/kfree_skb")
int BPF_PROG(net_drop, struct sk_buff *skb, void *location, __u32 reason)
{
	return drop(ctx, skb, location, reason, NULL);
}

/* Since c53795d48ee8 ("net: add rx_sk to trace_kfree_skb") in 6.11. */
SEC("?tp_btf/kfree_skb")
int BPF_PROG(net_drop_socket, struct sk_buff *skb, void *location, __u32 reason,
	     struct sock *receiver)
{
	return drop(ctx, skb, location, reason, receiver);
}

/* Before c504e5c2f964 ("net: skb: introduce kfree_skb_reason()") in 5.17 there are no reasons. */
SEC("?tp_btf/kfree_skb")
int BPF_PROG(net_drop_no_reason, struct sk_buff *skb, void *location)
{
	return drop(ctx, skb, location, SONDE_DROP_NO_REASON, NULL);
}

#endif
