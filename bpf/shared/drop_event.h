/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Packets that the kernel drops. */
#ifndef SONDE_DROP_EVENT_H
#define SONDE_DROP_EVENT_H

#include "net_event.h"

#define SONDE_DEVICE_NAME    16	 /* IFNAMSIZ */
#define SONDE_DROP_NO_REASON ~0u /* the kernel tells none */

/* What drops are told apart by. */
struct sonde_drop_key {
	struct sonde_net_ends ends; /* local: the source; of no IP packet the addresses are zero */
	__u64 location;		    /* in the kernel */
	__u32 reason;		    /* enum skb_drop_reason of this kernel */
	__u32 tgid;		    /* of the socket's process; 0: not known */
	__u32 interface;	    /* 0: none, or not known any more */
	__u16 ethertype;	    /* ETH_P_* */
	__u16 pad;
	char comm[SONDE_COMM_LENGTH];
	char device[SONDE_DEVICE_NAME]; /* name of the interface */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_drop_key) == 104, "wire layout");

struct sonde_drop_stats {
	__u64 packets;
	__u64 bytes;
	__u64 last_ns;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_drop_stats) == 24, "wire layout");

/* The ends of a TCP packet as it was on its way; IPv4 as ::ffff:a.b.c.d. Without the network
 * namespace: a packet goes from one to another. */
struct sonde_drop_ends {
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port;
	__u16 destination_port;
	__u32 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_drop_ends) == 40, "wire layout");

/* What was dropped between them. */
struct sonde_drop_cause {
	__u64 packets;
	__u64 location; /* of the last one */
	__u32 reason;
	__u32 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_drop_cause) == 24, "wire layout");

/* One drop of the live trace. */
struct sonde_drop_record {
	struct sonde_record_header header;
	struct sonde_drop_key key;
	__u64 bytes;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_drop_record) == 128, "wire layout");

/* Per CPU: seen = the sum of filtered, recorded and lost. */
struct sonde_drop_counters {
	__u64 seen;
	__u64 filtered_target;
	__u64 filtered_filter;
	__u64 filtered_paused;
	__u64 recorded;
	__u64 lost_ring_full; /* of the live trace */
	__u64 lost_map_full;
	__u64 merged;	   /* recorded without their addresses: too many different ones at once */
	__u64 stacks_lost; /* recorded, but their stack found no room */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_drop_counters) == 72, "wire layout");

#endif
