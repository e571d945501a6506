/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * connect() that finds no route fails before the socket changes its state, and no tracepoint tells.
 * The route lookups of a connect() do: one that failed and was not followed by one that did not, in
 * the same thread, is such a connect().
 */
#ifndef SONDE_NET_ROUTE_BPF_H
#define SONDE_NET_ROUTE_BPF_H

#include "kernel_types.bpf.h"
#include "net_emit.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define ROUTE_EAGAIN	   11 /* the table has none: the next one is asked */
#define ROUTE_EINVAL	   22
#define ROUTE_EACCES	   13
#define ROUTE_ENETUNREACH  101
#define ROUTE_EHOSTUNREACH 113

#define ROUTE_ASKED_ONCE  1
#define ROUTE_ASKED_TWICE 2

#define RTF_REJECT    0x0200
#define RTN_BLACKHOLE 6
#define RTN_PROHIBIT  8

/* By thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct sonde_route_failure);
} net_route_failures SEC(".maps");

static __always_inline void route_found(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&net_route_failures, &thread);
}

/* The failure that is there is of another connect(). */
static __noinline int route_send(struct sonde_route_failure *failure)
{
	struct sonde_net_counters *c = net_count();
	struct sonde_route_record *r;

	if (!c || !failure)
		return 0;
	net_raise(&c->seen);
	r = bpf_ringbuf_reserve(&net_ring, sizeof(*r), 0);
	if (!r) {
		net_raise(&c->lost_ring_full);
		return 0;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->header.kind = SONDE_RECORD_ROUTE;
	r->header.version = SONDE_WIRE_VERSION;
	r->header.length = sizeof(*r);
	r->header.time_ns = failure->time_ns;
	r->failure = *failure;
	bpf_ringbuf_submit(r, net_wakeup());
	net_raise(&c->ended);
	return 0;
}

/* `sourced`: a source address has been found, since a lookup without one has been made before. */
static __noinline int route_fails(const __u8 *remote, __be16 port, __u32 table, __u32 error,
				  bool sourced)
{
	struct sonde_route_failure failure = {};
	__u64 thread = bpf_get_current_pid_tgid();
	struct task_struct *task = bpf_get_current_task_btf();
	struct sonde_route_failure *known;

	if (!remote || sonde_gate != SONDE_GATE_RECORDING)
		return 0;
	known = bpf_map_lookup_elem(&net_route_failures, &thread);
	if (known && known->ends.remote_port == bpf_ntohs(port) &&
	    (known->first_table != table || (sourced && known->asked == ROUTE_ASKED_ONCE))) {
		/* The same connect() goes on asking. */
		if (known->first_table == table)
			known->asked = ROUTE_ASKED_TWICE;
		if (error != ROUTE_EAGAIN)
			known->error = error;
		return 0;
	}
	failure.ends.family = net_is_mapped(remote) ? NET_AF_INET : NET_AF_INET6;
	failure.ends.protocol = IPPROTO_TCP;
	failure.ends.type = NET_SOCK_STREAM;
	failure.ends.remote_port = bpf_ntohs(port);
	failure.ends.netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	__builtin_memcpy(failure.ends.remote, remote, sizeof(failure.ends.remote));
	if (!net_ends_pass(&failure.ends, true))
		return 0;
	net_read_owner(&failure.owner);
	if ((failure.owner.tgid == filter_self_tgid && filter_self_tgid) ||
	    !filter_passes(task, failure.owner.tgid))
		return 0;
	failure.time_ns = bpf_ktime_get_ns();
	failure.first_table = table;
	failure.asked = sourced ? ROUTE_ASKED_TWICE : ROUTE_ASKED_ONCE;
	failure.error = error == ROUTE_EAGAIN ? ROUTE_ENETUNREACH : error;
	if (known)
		route_send(known);
	bpf_map_update_elem(&net_route_failures, &thread, &failure, BPF_ANY);
	return 0;
}

/* connect() of a socket that is not bound asks before a local port is chosen. */
static __always_inline bool route_is_of_connect(__u8 protocol, __be16 local_port,
						__be16 remote_port)
{
	return protocol == IPPROTO_TCP && !local_port && remote_port;
}

SEC("?tp_btf/fib_table_lookup")
int BPF_PROG(net_route4, __u32 table, const struct flowi4 *flow, const struct fib_nh_common *hop,
	     int error)
{
	__u8 remote[16];

	if (!route_is_of_connect(flow->__fl_common.flowic_proto, flow->uli.ports.sport,
				 flow->uli.ports.dport))
		return 0;
	if (!error) {
		route_found();
		return 0;
	}
	net_map_ipv4(remote, flow->daddr);
	return route_fails(remote, flow->uli.ports.dport, table, (__u32)-error, false);
}

SEC("?tp_btf/fib6_table_lookup")
int BPF_PROG(net_route6, const struct net *net, const struct fib6_result *result,
	     struct fib6_table *table, const struct flowi6 *flow)
{
	__u32 error = ROUTE_EAGAIN;
	__u64 source[2] = {};
	__u8 remote[16];

	if (!route_is_of_connect(flow->__fl_common.flowic_proto, flow->uli.ports.sport,
				 flow->uli.ports.dport))
		return 0;
	if (result->f6i != net->ipv6.fib6_null_entry) {
		if (!(result->fib6_flags & RTF_REJECT)) {
			route_found();
			return 0;
		}
		error = ROUTE_EHOSTUNREACH;
		if (result->fib6_type == RTN_BLACKHOLE)
			error = ROUTE_EINVAL;
		else if (result->fib6_type == RTN_PROHIBIT)
			error = ROUTE_EACCES;
	}
	bpf_core_read(remote, sizeof(remote), &flow->daddr);
	/* ip6_dst_lookup_tail() looks for a route, then for a source address, and for a route
	 * again. */
	bpf_core_read(source, sizeof(source), &flow->saddr);
	return route_fails(remote, flow->uli.ports.dport, table->tb6_id, error,
			   source[0] || source[1]);
}

#endif
