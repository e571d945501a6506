/* SPDX-License-Identifier: GPL-2.0-only */
/* The log-linear buckets of latencies; latency_histogram.cpp has the same formula. */
#ifndef SONDE_LATENCY_BPF_H
#define SONDE_LATENCY_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/syscall_event.h"

/* Position of the highest bit that is set; BPF has no instruction for it. */
static __always_inline __u32 latency_log2(__u64 value)
{
	__u32 high = value >> 32;
	__u32 rest = high ? high : (__u32)value;
	__u32 result = high ? 32 : 0;
	__u32 shift;

	shift = (rest > 0xffff) << 4;
	rest >>= shift;
	result |= shift;
	shift = (rest > 0xff) << 3;
	rest >>= shift;
	result |= shift;
	shift = (rest > 0xf) << 2;
	rest >>= shift;
	result |= shift;
	shift = (rest > 0x3) << 1;
	rest >>= shift;
	result |= shift;
	return result | rest >> 1;
}

static __always_inline __u32 latency_bucket(__u64 ns)
{
	__u32 exponent, bucket;

	if (ns < 1u << SONDE_LATENCY_SUB_BITS)
		return ns;
	exponent = latency_log2(ns);
	bucket =
	    ((exponent - SONDE_LATENCY_SUB_BITS + 1) << SONDE_LATENCY_SUB_BITS) |
	    ((ns >> (exponent - SONDE_LATENCY_SUB_BITS)) & ((1u << SONDE_LATENCY_SUB_BITS) - 1));
	return bucket < SONDE_LATENCY_BUCKETS ? bucket : SONDE_LATENCY_BUCKETS - 1;
}

#endif
