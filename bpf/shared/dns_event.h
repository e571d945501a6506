/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Packets with DNS messages, as the network tracer captures them. */
#ifndef SONDE_DNS_EVENT_H
#define SONDE_DNS_EVENT_H

#include "net_event.h"

#define SONDE_DNS_PORT 53

/* Of the payload of one packet; a TCP packet with more gives several records. */
#define SONDE_DNS_CAPTURE 1280
#define SONDE_DNS_PARTS	  8

#define SONDE_DNS_DATA	      0
#define SONDE_DNS_BEGIN	      1 /* TCP: a SYN */
#define SONDE_DNS_UNREACHABLE 2 /* an ICMP error; the payload is of the query that it is about */

struct sonde_dns_packet {
	struct sonde_record_header header;
	struct sonde_net_owner owner; /* of what is sent; zero if it is not known */
	struct sonde_net_ends ends;   /* local: the client */
	__u32 interface;
	__u32 sequence; /* TCP */
	__u32 length;	/* of the payload as it was sent */
	__u16 captured; /* bytes of it that follow */
	__u8 kind;	/* SONDE_DNS_* */
	__u8 sent;	/* by the client */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 pad[6];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_dns_packet) == 120, "wire layout");

/* Per CPU. */
struct sonde_dns_counters {
	__u64 runs;
	__u64 filtered_target; /* packets of queries */
	__u64 filtered_filter;
	__u64 filtered_paused;
	__u64 sent;	     /* records of what clients sent */
	__u64 lost_sent;     /* no room in the ring */
	__u64 lost_received; /* of responses */
	__u64 unread;	     /* packets whose payload is not in the linear part */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_dns_counters) == 64, "wire layout");

#endif
