/* SPDX-License-Identifier: GPL-2.0-only */
/* What the head of an HTTP/1 message begins with. User space looks at it again, closely. */
#ifndef SONDE_HTTP_HEAD_BPF_H
#define SONDE_HTTP_HEAD_BPF_H

#include "kernel_types.bpf.h"

enum http_start {
	HTTP_OTHER,
	HTTP_TLS,     /* a handshake: nothing to read here */
	HTTP_REQUEST, /* may be one; all from here on may be heads */
	HTTP_RESPONSE,
	HTTP_INTERIM, /* a response that another one follows */
	HTTP_PART,    /* too short to tell */
};

/* As the bytes stand in memory; little-endian. */
#define HTTP_WORD(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)
#define HTTP_VERSION	      HTTP_WORD('/', '1', '.', 0)

static __always_inline bool http_is_method(__u32 word)
{
	switch (word) {
	case HTTP_WORD('G', 'E', 'T', ' '):
	case HTTP_WORD('P', 'O', 'S', 'T'):
	case HTTP_WORD('P', 'U', 'T', ' '):
	case HTTP_WORD('H', 'E', 'A', 'D'):
	case HTTP_WORD('D', 'E', 'L', 'E'): /* DELETE */
	case HTTP_WORD('O', 'P', 'T', 'I'): /* OPTIONS */
	case HTTP_WORD('P', 'A', 'T', 'C'): /* PATCH */
	case HTTP_WORD('C', 'O', 'N', 'N'): /* CONNECT */
	case HTTP_WORD('T', 'R', 'A', 'C'): /* TRACE */
	case HTTP_WORD('P', 'R', 'O', 'P'): /* PROPFIND, PROPPATCH */
	case HTTP_WORD('M', 'K', 'C', 'O'): /* MKCOL */
	case HTTP_WORD('C', 'O', 'P', 'Y'):
	case HTTP_WORD('M', 'O', 'V', 'E'):
	case HTTP_WORD('L', 'O', 'C', 'K'):
	case HTTP_WORD('U', 'N', 'L', 'O'): /* UNLOCK */
	case HTTP_WORD('R', 'E', 'P', 'O'): /* REPORT */
	case HTTP_WORD('S', 'E', 'A', 'R'): /* SEARCH */
	case HTTP_WORD('P', 'U', 'R', 'G'): /* PURGE */
	case HTTP_WORD('P', 'R', 'I', ' '): /* the preface of HTTP/2 */
		return true;
	}
	return false;
}

/* The first letters of all these and of "HTTP". */
static __always_inline bool http_may_begin(__u8 letter)
{
	const __u32 letters = 1 << ('C' - 'A') | 1 << ('D' - 'A') | 1 << ('G' - 'A') |
			      1 << ('H' - 'A') | 1 << ('L' - 'A') | 1 << ('M' - 'A') |
			      1 << ('O' - 'A') | 1 << ('P' - 'A') | 1 << ('R' - 'A') |
			      1 << ('S' - 'A') | 1 << ('T' - 'A') | 1 << ('U' - 'A');

	return letter >= 'A' && letter <= 'Z' && letters >> ((letter - 'A') & 31) & 1;
}

/* `first` and `second` are the first 16 bytes, zero from `length` on. */
static __always_inline enum http_start http_classify(__u64 first, __u64 second, __u32 length)
{
	__u32 word = (__u32)first;

	/* A TLS record with a handshake message (RFC 8446, 5.1). */
	if ((first & 0xffff) == (0x16 | 0x03 << 8))
		return HTTP_TLS;
	if (length < 4)
		return http_may_begin(first & 0xff) ? HTTP_PART : HTTP_OTHER;
	if (word == HTTP_WORD('H', 'T', 'T', 'P')) {
		/* "HTTP/1.x nnn" */
		if (length < 10)
			return HTTP_PART;
		if ((first >> 32 & 0xffffff) != HTTP_VERSION)
			return HTTP_OTHER;
		return (second >> 8 & 0xff) == '1' ? HTTP_INTERIM : HTTP_RESPONSE;
	}
	return http_is_method(word) ? HTTP_REQUEST : HTTP_OTHER;
}

#endif
