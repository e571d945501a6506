/* SPDX-License-Identifier: GPL-2.0-only */
/* The connections that are there: before sonde begins, and when a report is made. */
#ifndef SONDE_NET_LIVE_BPF_H
#define SONDE_NET_LIVE_BPF_H

#include "kernel_types.bpf.h"
#include "net_emit.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

static __always_inline void seed_owner(struct sonde_net_owner *owner, struct task_struct *task)
{
	owner->tgid = filter_tgid_of(task);
	owner->tid = owner->tgid;
	owner->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&owner->comm, task, group_leader, comm);
}

/* A process has the socket. Several may have it: one that is a target will do. */
static __always_inline void seed_known(struct net_socket *s, struct task_struct *task,
				       struct sonde_net_counters *c)
{
	__u32 tgid = filter_tgid_of(task);
	bool passes = tgid != filter_self_tgid && filter_passes(task, tgid);

	if ((s->known & NET_OWNED) && !((s->known & NET_STRANGER) && passes))
		return;
	if (s->known & NET_STRANGER) {
		s->known &= ~(NET_STRANGER | NET_REJECTED);
		net_lower(&c->filtered_target);
	}
	seed_owner(&s->owner, task);
	s->known |= NET_OWNED;
	if (!passes && !(s->known & NET_REJECTED)) {
		net_raise(&c->filtered_target);
		s->known |= NET_REJECTED | NET_STRANGER;
	}
}

/* The TCP sockets in the descriptors of all processes, in every network namespace: once after the
 * gate was opened, and where a report has accepted connections that no process has used yet. */
SEC("?iter/task_file")
int net_seed(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct sonde_net_counters *c;
	struct sonde_net_ends ends;
	struct socket *socket;
	struct net_socket *s;
	struct sock *sk;
	__u8 state;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	c = net_count();
	if (!sk || !c)
		return 0;
	if (sk->__sk_common.skc_family != NET_AF_INET && sk->__sk_common.skc_family != NET_AF_INET6)
		return 0;
	state = sk->__sk_common.skc_state;
	if (sk->sk_protocol != IPPROTO_TCP || state == TCP_CLOSE)
		return 0;
	s = bpf_sk_storage_get(&net_sockets, sk, NULL, 0);
	if (s) {
		seed_known(s, task, c);
		return 0;
	}
	if (sonde_gate == SONDE_GATE_CLOSED)
		return 0;
	s = net_begin(sk, c, bpf_ktime_get_ns());
	if (!s)
		return 0;
	s->state = state;
	s->flags = SONDE_NET_FOUND;
	if (state != TCP_SYN_SENT && state != TCP_LISTEN)
		s->flags |= SONDE_NET_ESTABLISHED_ONCE;
	if (state == TCP_LISTEN) {
		s->role = SONDE_NET_ROLE_LISTENER;
		s->drops = (__u32)sk->sk_drops.counter;
	}
	net_set_before(s, sk);
	net_read_ends(&ends, sk);
	s->local_port = ends.local_port;
	net_reject_ends(s, c, &ends, false);
	seed_known(s, task, c);
	return 0;
}

/* Numbers the times that the connections are read, from 1; set by user space before each. */
volatile __u32 net_live_round = 0;
/* Those that found no room in the ring. */
volatile __u64 net_live_left = 0;

/*
 * What the sockets in net_sockets are now: a record of each in net_ring. Nothing is written to the
 * iterator's file, since the kernel walks to its place in the map anew for each read() of one
 * (bpf_sk_storage_map_seq_find_next()), past all sockets before it, and loses it where one of them
 * has gone. Once the ring was emptied user space reads again, until none was left.
 */
SEC("?iter/bpf_sk_storage_map")
int net_live(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sonde_connection_record *r;
	struct net_socket *s = ctx->value;
	struct sock *sk = ctx->sk;

	if (!sk || !s || s->told == net_live_round || s->ended || (s->known & NET_REJECTED))
		return 0;
	if (sk->__sk_common.skc_family != NET_AF_INET && sk->__sk_common.skc_family != NET_AF_INET6)
		return 0;
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	r = bpf_ringbuf_reserve(&net_ring, sizeof(*r), 0);
	if (!r) {
		net_live_left++;
		return 0;
	}
	net_fill(r, sk, s, SONDE_NET_LIVE, sk->__sk_common.skc_state);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	s->told = net_live_round;
	return 0;
}

#endif
