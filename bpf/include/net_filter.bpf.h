/* SPDX-License-Identifier: GPL-2.0-only */
/* Which connections: by port, address, protocol, family and network namespace. */
#ifndef SONDE_NET_FILTER_BPF_H
#define SONDE_NET_FILTER_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/net_event.h"
#include <bpf/bpf_helpers.h>

#define NET_AF_UNIX  1
#define NET_AF_INET  2
#define NET_AF_INET6 10

#define NET_SOCK_STREAM 1
#define NET_SOCK_DGRAM	2

/* Set by user space before load; the defaults let everything pass. */
const volatile bool net_filtered = false; /* any of those below is set */
const volatile __u32 net_port_count = 0;
const volatile __u16 net_ports[SONDE_NET_PORTS] = {}; /* of either end */
const volatile __u32 net_local_port_count = 0;
const volatile __u16 net_local_ports[SONDE_NET_PORTS] = {};
const volatile __u32 net_network_count = 0;
const volatile struct sonde_net_network net_networks[SONDE_NET_NETWORKS] = {};
const volatile __u32 net_namespace = 0; /* inode number; 0: any */
const volatile bool net_tcp = true;
const volatile bool net_udp = true;
const volatile bool net_unix = true;
const volatile bool net_ipv4 = true;
const volatile bool net_ipv6 = true;

static __always_inline bool net_port_in(const volatile __u16 *ports, __u32 count, __u16 port)
{
	for (__u32 i = 0; i < SONDE_NET_PORTS; i++) {
		if (i >= count)
			break;
		if (ports[i] == port)
			return true;
	}
	return false;
}

static __always_inline bool net_network_passes(const struct sonde_net_ends *ends)
{
	__u64 high, low;

	__builtin_memcpy(&high, ends->remote, 8);
	__builtin_memcpy(&low, ends->remote + 8, 8);
	for (__u32 i = 0; i < SONDE_NET_NETWORKS; i++) {
		if (i >= net_network_count)
			break;
		if ((high & net_networks[i].mask[0]) == net_networks[i].value[0] &&
		    (low & net_networks[i].mask[1]) == net_networks[i].value[1])
			return true;
	}
	return false;
}

/* What can be told of a socket before it has addresses. */
static __always_inline bool net_kind_passes(__u16 family, __u8 protocol)
{
	if (family == NET_AF_UNIX)
		return net_unix;
	if (!(family == NET_AF_INET ? net_ipv4 : net_ipv6))
		return false;
	return protocol == IPPROTO_TCP ? net_tcp : net_udp;
}

/* `connecting`: the local port is not chosen yet. */
static __always_inline bool net_ends_pass(const struct sonde_net_ends *ends, bool connecting)
{
	if (!net_filtered)
		return true;
	if (!net_kind_passes(ends->family, ends->protocol))
		return false;
	if (net_namespace && ends->netns != net_namespace)
		return false;
	if (net_network_count && !net_network_passes(ends))
		return false;
	if (net_port_count && !net_port_in(net_ports, net_port_count, ends->local_port) &&
	    !net_port_in(net_ports, net_port_count, ends->remote_port))
		return false;
	return !net_local_port_count || (connecting && !ends->local_port) ||
	       net_port_in(net_local_ports, net_local_port_count, ends->local_port);
}

#endif
