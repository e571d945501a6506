/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Rows, records and counters of the network tracer. */
#ifndef SONDE_NET_EVENT_H
#define SONDE_NET_EVENT_H

#include "wire.h"

/* Whose a socket is. */
struct sonde_net_owner {
	__u64 cgroup; /* id in the v2 hierarchy */
	__u32 tgid;
	__u32 tid;
	char comm[SONDE_COMM_LENGTH];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_net_owner) == 32, "wire layout");

/* Of an Internet socket; of an AF_UNIX socket the addresses and ports are zero. */
struct sonde_net_ends {
	__u8 local[16]; /* in the order of the network; IPv4 as ::ffff:a.b.c.d */
	__u8 remote[16];
	__u16 local_port; /* in the order of the CPU; 0: not bound yet */
	__u16 remote_port;
	__u16 family;  /* AF_* of the traffic: IPv4 over an IPv6 socket is AF_INET */
	__u8 protocol; /* IPPROTO_*; of AF_UNIX 0 */
	__u8 type;     /* SOCK_* */
	__u32 netns;   /* inode number of the network namespace */
	__u32 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_net_ends) == 48, "wire layout");

#define SONDE_NET_ROLE_UNKNOWN	0 /* it was there before sonde, or has no role */
#define SONDE_NET_ROLE_CLIENT	1 /* connect() */
#define SONDE_NET_ROLE_SERVER	2 /* accept() */
#define SONDE_NET_ROLE_LISTENER 3

/* What a connection record is about. */
#define SONDE_NET_LIVE		 0 /* no event: the connection is open */
#define SONDE_NET_CLOSE		 1
#define SONDE_NET_CONNECT	 2 /* connect() has begun */
#define SONDE_NET_ESTABLISHED	 3
#define SONDE_NET_ACCEPT	 4 /* the process has touched it for the first time */
#define SONDE_NET_RETRANSMIT	 5
#define SONDE_NET_RESET_SENT	 6
#define SONDE_NET_RESET_RECEIVED 7
#define SONDE_NET_LISTEN	 8

/* What has happened to a connection. */
#define SONDE_NET_FOUND		   (1u << 0) /* it was there before sonde */
#define SONDE_NET_FIN_SENT	   (1u << 1)
#define SONDE_NET_FIN_RECEIVED	   (1u << 2)
#define SONDE_NET_FIN_SENT_FIRST   (1u << 3)
#define SONDE_NET_HAD_RESET_OUT	   (1u << 4)
#define SONDE_NET_HAD_RESET_IN	   (1u << 5)
#define SONDE_NET_ESTABLISHED_ONCE (1u << 7)
#define SONDE_NET_END_UNSEEN	   (1u << 8) /* only that it has ended: no reason, no error */

/* A TCP connection: when it ends, when something happens to it, or as it is when a report is made.
 */
struct sonde_connection_record {
	struct sonde_record_header header;
	__u64 id; /* of the connection */
	struct sonde_net_owner owner;
	struct sonde_net_ends ends;
	__u64 start_ns;	  /* connect() began, or it was established; 0: before sonde */
	__u64 connect_ns; /* time until it was established; 0: not measured */
	__u64 accept_ns;  /* from established until the process touched it; 0: not measured */
	__u64 tx_bytes;	  /* written by the process */
	__u64 rx_bytes;	  /* read by the process */
	__u64 tx_before;  /* of them, before sonde */
	__u64 rx_before;
	__u32 tx_segments_before;
	__u32 rx_segments_before;
	__u32 retransmits_before;
	__u32 pad;
	__u32 tx_segments;
	__u32 rx_segments;
	__u32 retransmits;
	__u32 srtt_us;
	__u32 min_rtt_us; /* ~0: not measured */
	__u32 cwnd;
	__s32 error; /* errno that the process gets, or 0 */
	__u32 flags; /* SONDE_NET_* */
	__u32 unread_bytes;
	__u32 unsent_bytes;
	__u32 drops; /* of a listener, since sonde began */
	__u32 backlog;
	__u32 backlog_limit;
	__u8 event;	 /* SONDE_NET_* */
	__u8 state;	 /* TCP_* */
	__u8 last_state; /* before it was closed */
	__u8 role;	 /* SONDE_NET_ROLE_* */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_connection_record) == 232, "wire layout");

/* A process has read from a connection that had ended: what came before the end. */
struct sonde_late_read_record {
	struct sonde_record_header header;
	__u64 id;
	__u64 rx_bytes; /* in all */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_late_read_record) == 32, "wire layout");

/* A process has sent or received. */
struct sonde_transfer_record {
	struct sonde_record_header header;
	struct sonde_net_owner owner; /* who did it */
	struct sonde_net_ends ends;
	__u32 bytes;
	__u8 sent; /* 0: received */
	__u8 role; /* SONDE_NET_ROLE_* */
	__u16 pad;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_transfer_record) == 104, "wire layout");

/* connect() that found no route. */
struct sonde_route_failure {
	struct sonde_net_owner owner;
	struct sonde_net_ends ends;
	__u64 time_ns;
	__u16 error;
	__u16 asked;	   /* how often the first table was */
	__u32 first_table; /* that was asked */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_route_failure) == 96, "wire layout");

struct sonde_route_record {
	struct sonde_record_header header;
	struct sonde_route_failure failure;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_route_record) == 112, "wire layout");

#define SONDE_UNIX_PATH 108

/* The name of an AF_UNIX socket, or of its peer if only that has one. */
struct sonde_unix_name {
	__u8 pad;
	__u8 is_local;
	__u16 bytes; /* 0: neither has one */
	char path[SONDE_UNIX_PATH];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_unix_name) == 112, "wire layout");

/* What went through a UDP or AF_UNIX socket since the last drain. */
struct sonde_flow {
	struct sonde_net_owner owner;
	struct sonde_net_ends ends;
	__u64 tx_bytes;
	__u64 rx_bytes;
	__u64 tx_messages;
	__u64 rx_messages;
	__u64 first_ns;
	__u64 last_ns;
	__u64 peer; /* AF_UNIX: inode of the other end */
	__u64 inode;
	__u32 flags; /* SONDE_NET_* */
	__u8 state;  /* TCP_*: the kernel uses the same states */
	__u8 pad[3];
	struct sonde_unix_name name;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_flow) == 264, "wire layout");

/* Per CPU. A connection or flow is seen when it begins or is found. For the books:
 * seen = filtered + ended + lost + still open. */
struct sonde_net_counters {
	__u64 seen;
	__u64 filtered_target; /* processes that are no target, sonde itself too */
	__u64 filtered_filter; /* by port, address, protocol, family, namespace */
	__u64 filtered_paused;
	__u64 ended;	       /* TCP connections whose record was sent */
	__u64 lost_ring_full;  /* ends of TCP connections */
	__u64 flows_full;      /* UDP and AF_UNIX sockets that never found room in the map */
	__u64 flow_calls_lost; /* sends and receives without room */
	__u64 late_lost;       /* late reads: bytes that are missing in their connection's sum */
	__u64 sockets_lost;    /* the kernel had no memory for one */
	__u64 events;	       /* records of --events, transfers too */
	__u64 events_lost;
	__u64 runs; /* of programs, for scaling their measured time */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_net_counters) == 104, "wire layout");

/* Room for filters. */
#define SONDE_NET_PORTS	   16
#define SONDE_NET_NETWORKS 8

/* Addresses `value` has under `mask`. */
struct sonde_net_network {
	__u64 value[2];
	__u64 mask[2];
};

#endif
