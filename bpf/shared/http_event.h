/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the kernel tells of HTTP/1: the starts of reads and writes that may hold the head of a
 * message. User space reads the heads and puts requests and responses together. */
#ifndef SONDE_HTTP_EVENT_H
#define SONDE_HTTP_EVENT_H

#include "net_event.h"

/* Kind of the records in the ring of their own. */
#define SONDE_RECORD_HTTP 48

#define SONDE_HTTP_RECEIVED 0
#define SONDE_HTTP_SENT	    1
#define SONDE_HTTP_CLOSED   2 /* no bytes: the connection has ended */
#define SONDE_HTTP_OPENED   3 /* the bytes are struct sonde_net_ends or _http_unix_ends */

/* Followed by `captured` bytes, filled up to a multiple of 8. A piece of the ring holds one record,
 * or two: the second was held back until the first one, and is the older. */
struct sonde_http_record {
	struct sonde_record_header header;
	__u64 connection; /* id */
	__u64 position; /* bytes of this direction before it, since the connection was first looked
			   at */
	__u32 length;	/* what the read or write moved */
	__u32 captured; /* the first of them */
	__u32 tgid;
	__u32 tid;
	char comm[SONDE_COMM_LENGTH];
	__u8 event; /* SONDE_HTTP_* */
	__u8 tls;   /* 1: plaintext of a TLS library's call */
	__u8 pad[6];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_http_record) == 72, "wire layout");

/* Bytes of a read or write at most: its start, where most heads end; more if this one does not; and
 * all where several heads may be. */
#define SONDE_HTTP_START   256
#define SONDE_HTTP_USUAL   1024
#define SONDE_HTTP_LONGEST 32768

/* Of a connection over AF_UNIX. */
struct sonde_http_unix_ends {
	struct sonde_net_ends ends;
	struct sonde_unix_name name;
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_http_unix_ends) == 160, "wire layout");

/* Why the bytes of a connection could not be looked at; it is counted once. */
#define SONDE_HTTP_URING      0 /* through io_uring: which memory is not told */
#define SONDE_HTTP_COMPAT     1 /* a 32-bit program */
#define SONDE_HTTP_UNREADABLE 2 /* the memory is not there any more */
#define SONDE_HTTP_REASONS    3

/* Cookies of breakpoints in TLS libraries: what the function does, and how far below its value at
 * the function's entry the stack pointer is. */
#define SONDE_TLS_RECEIVES    0 /* f(session, buffer, length): what it moved, or less than 1 */
#define SONDE_TLS_SENDS	      1
#define SONDE_TLS_SAYS_MOVED  2 /* besides: f(session, buffer, length, *moved): 1 if it did */
#define SONDE_TLS_ENDS	      4 /* f(session): it is over */
#define SONDE_TLS_RESUMES     8 /* GnuTLS: has taken the data where it gives one of these: */
#define SONDE_TLS_FUNCTION    0xff
#define SONDE_TLS_DEPTH_SHIFT 8
#define SONDE_TLS_AGAIN	      (-28) /* GNUTLS_E_AGAIN: the next call, with any data, goes on with it */
#define SONDE_TLS_INTERRUPTED (-52) /* GNUTLS_E_INTERRUPTED */
#define SONDE_TLS_RECORD      16384 /* bytes that it takes at once, at most */

/* Per CPU. */
struct sonde_http_counters {
	__u64 records; /* sent */
	__u64 outputs; /* pieces of the ring that they took */
	__u64 lost_ring_full;
	__u64 lost_busy; /* a program was interrupted by another while it wrote a record */
	__u64 unseen[SONDE_HTTP_REASONS];
	__u64 tls_hits; /* of breakpoints */
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_http_counters) == 64, "wire layout");

#endif
