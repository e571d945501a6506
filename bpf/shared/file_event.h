/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What descriptors stand for. */
#ifndef SONDE_FILE_EVENT_H
#define SONDE_FILE_EVENT_H

#include "wire.h"

#define SONDE_FILE_PATH	  0
#define SONDE_FILE_SOCKET 1
#define SONDE_FILE_PIPE	  2
#define SONDE_FILE_ANON	  3

#define SONDE_FILE_DELETED (1u << 0)
#define SONDE_FILE_CUT	   (1u << 1) /* the components nearest to the root are missing */

/* Of an Internet socket; of another the addresses are zero. */
struct sonde_socket {
	__u64 peer; /* AF_UNIX: inode of the other end */
	__u16 family;
	__u16 protocol;
	__u16 local_port; /* in the order of the CPU; 0: not bound */
	__u16 remote_port;
	__u32 port_id;	     /* AF_NETLINK */
	__u32 address_bytes; /* AF_UNIX: of sun_path */
	__u8 local[16];	     /* in the order of the network; an IPv4 address is the first 4 */
	__u8 remote[16];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_socket) == 56, "wire layout");

/* Names a file before the first call that says its id. Zero-terminated texts follow. Of a path: its
 * components, the last one first. Of all others the name that the kernel gives it (a socket: that
 * of its protocol), and of a socket with `address_bytes` so many bytes of sun_path. */
struct sonde_file_record {
	struct sonde_record_header header;
	__u64 id;
	__u64 inode;
	__u8 kind;  /* SONDE_FILE_* */
	__u8 flags; /* SONDE_FILE_* */
	__u8 pad[6];
	struct sonde_socket socket;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_file_record) == 96, "wire layout");

#endif
