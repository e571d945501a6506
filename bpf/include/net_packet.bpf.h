/* SPDX-License-Identifier: GPL-2.0-only */
/* Between whom a packet goes, and where its payload is, from its headers. */
#ifndef SONDE_NET_PACKET_BPF_H
#define SONDE_NET_PACKET_BPF_H

#include "kernel_types.bpf.h"
#include "net_socket.bpf.h"
#include "../shared/net_event.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/in.h>

#define PACKET_IPV4   bpf_htons(0x0800) /* ETH_P_IP */
#define PACKET_IPV6   bpf_htons(0x86dd)
#define PACKET_VLAN   bpf_htons(0x8100)
#define PACKET_ICMPV6 58 /* IPPROTO_ICMPV6 */

#define PACKET_EXTENSIONS 4 /* IPv6 extension headers that are stepped over */

struct packet {
	/* The source is local in what is sent, the destination in what is received. */
	struct sonde_net_ends ends;
	__u32 payload; /* offset from the network header */
	__u32 payload_length;
	__u32 sequence; /* TCP: of the first byte of the payload, or of the SYN */
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 part; /* a fragment after the first: ports are not known */
};

#define PACKET_TCP_FIN 0x01
#define PACKET_TCP_SYN 0x02
#define PACKET_TCP_RST 0x04

/* Headers as they are on the wire. */
struct packet_ipv4 {
	__u8 version_words; /* header length in its lower half */
	__u8 tos;
	__be16 length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__be16 check;
	__be32 source;
	__be32 destination;
};

struct packet_ipv6 {
	__be32 flow;
	__be16 length;
	__u8 protocol;
	__u8 hops;
	__u8 source[16];
	__u8 destination[16];
};

/* The beginning of what follows: TCP has the most. */
struct packet_transport {
	__be16 source;
	__be16 destination;
	__be32 sequence;
	__be32 acknowledgment;
	__u8 words; /* TCP: header length in its upper half */
	__u8 flags;
};

/* `at` is the offset of the transport header, `end` that of the end of the packet. */
static __always_inline bool packet_read_transport(struct packet *p, const void *network, __u32 at,
						  __u32 end, bool sent)
{
	struct packet_transport header = {};
	__u8 protocol = p->ends.protocol;
	__u32 header_bytes = 8;
	__u16 source, destination;

	p->payload = at;
	p->payload_length = end > at ? end - at : 0;
	if (p->part)
		return true;
	if (protocol == IPPROTO_ICMP || protocol == PACKET_ICMPV6) {
		if (bpf_probe_read_kernel(&header, 2, network + at))
			return false;
		p->icmp_type = (__u8)header.source;
		p->icmp_code = header.source >> 8;
	} else if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
		/* An ICMP error may have no more of the packet than the first 8 bytes. */
		if (bpf_probe_read_kernel(&header, 8, network + at))
			return false;
		source = bpf_ntohs(header.source);
		destination = bpf_ntohs(header.destination);
		p->ends.local_port = sent ? source : destination;
		p->ends.remote_port = sent ? destination : source;
		if (protocol == IPPROTO_TCP) {
			p->sequence = bpf_ntohl(header.sequence);
			if (bpf_probe_read_kernel(&header, sizeof(header), network + at))
				return false;
			p->tcp_flags = header.flags;
			header_bytes = (header.words >> 4) * 4;
		} else {
			/* What the UDP header says, if there is as much. */
			__u32 length = bpf_ntohl(header.sequence) >> 16;

			if (length >= 8 && length < p->payload_length)
				p->payload_length = length;
		}
	} else {
		return true;
	}
	p->payload += header_bytes;
	p->payload_length = p->payload_length > header_bytes ? p->payload_length - header_bytes : 0;
	return true;
}

static __always_inline bool packet_read_ipv4(struct packet *p, const void *network, __u32 length,
					     bool sent)
{
	struct packet_ipv4 header;
	__u32 end;

	if (bpf_probe_read_kernel(&header, sizeof(header), network))
		return false;
	p->ends.family = NET_AF_INET;
	p->ends.protocol = header.protocol;
	net_map_ipv4(sent ? p->ends.local : p->ends.remote, header.source);
	net_map_ipv4(sent ? p->ends.remote : p->ends.local, header.destination);
	p->part = (header.fragment & bpf_htons(0x1fff)) != 0;
	/* Frames are padded, so the packet may be shorter; more than 64 KiB have the length 0. */
	end = bpf_ntohs(header.length);
	if (!end || end > length)
		end = length;
	return packet_read_transport(p, network, (header.version_words & 0xf) * 4, end, sent);
}

static __always_inline bool packet_read_ipv6(struct packet *p, const void *network, __u32 length,
					     bool sent)
{
	struct packet_ipv6 header;
	__u32 at = sizeof(header), end;
	__u8 extension[8], protocol;

	if (bpf_probe_read_kernel(&header, sizeof(header), network))
		return false;
	p->ends.family = NET_AF_INET6;
	__builtin_memcpy(sent ? p->ends.local : p->ends.remote, header.source, 16);
	__builtin_memcpy(sent ? p->ends.remote : p->ends.local, header.destination, 16);
	end = bpf_ntohs(header.length);
	end = end ? end + sizeof(header) : length;
	if (end > length)
		end = length;
	protocol = header.protocol;
	for (int i = 0; i < PACKET_EXTENSIONS; i++) {
		/* Hop-by-hop options, routing, fragment, destination options (RFC 8200, 4). */
		if (protocol != 0 && protocol != 43 && protocol != 44 && protocol != 60)
			break;
		if (bpf_probe_read_kernel(extension, sizeof(extension), network + at))
			return false;
		if (protocol == 44) {
			p->part = (extension[2] | (extension[3] & 0xf8)) != 0;
			at += 8;
		} else {
			at += 8 + extension[1] * 8;
		}
		protocol = extension[0];
	}
	p->ends.protocol = protocol;
	return packet_read_transport(p, network, at, end, sent);
}

/* `length` is that of the packet from its network header on. False if it is not IP, or its headers
 * cannot be read. */
static __noinline int packet_read(struct packet *p, const void *network, __u32 length,
				  __be16 protocol, bool sent)
{
	if (!p)
		return 0;
	__builtin_memset(p, 0, sizeof(*p));
	if (protocol == PACKET_IPV4)
		return packet_read_ipv4(p, network, length, sent);
	if (protocol == PACKET_IPV6)
		return packet_read_ipv6(p, network, length, sent);
	return 0;
}

#endif
