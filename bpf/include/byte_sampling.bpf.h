/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples memory by its bytes, for both lanes of the memory tracer: each byte is the end of a gap
 * with the same small chance, so that s bytes are sampled with probability 1 - exp(-s / distance),
 * whatever came before them. Counted at the inverse of that, totals and sites are right on average.
 */
#ifndef SONDE_BYTE_SAMPLING_BPF_H
#define SONDE_BYTE_SAMPLING_BPF_H

#include "kernel_types.bpf.h"
#include "latency.bpf.h"
#include "../shared/byte_sampling.h"
#include <bpf/bpf_helpers.h>

const volatile __u32 sampling_log[(1 << SONDE_SAMPLING_LOG_BITS) + 1] = {};
const volatile __u32 sampling_inverse[(1 << SONDE_SAMPLING_INVERSE_BITS) + 1] = {};

#define SAMPLING_LN2_SHIFTED_32 0xB17217F8ull /* ln(2) << 32 */

/* An exponentially distributed gap with the mean `distance`: -ln(u) * distance for u in (0, 1]. */
static __always_inline __u64 sampling_draw_gap(__u64 distance)
{
	__u64 u = (__u64)bpf_get_prandom_u32() + 1; /* in units of 2^-32 */
	__u32 exponent = latency_log2(u);
	__u32 fraction = (__u32)(u << (32 - exponent)); /* behind the leading 1 */
	__u32 index = fraction >> (32 - SONDE_SAMPLING_LOG_BITS);
	__u32 rest = fraction >> (32 - SONDE_SAMPLING_LOG_BITS - 16) & 0xffff;
	__u64 low, high, log2;

	index &= (1 << SONDE_SAMPLING_LOG_BITS) - 1;
	low = sampling_log[index];
	high = sampling_log[index + 1];
	log2 = ((__u64)exponent << SONDE_SAMPLING_LOG_SCALE) + low + ((high - low) * rest >> 16);
	log2 = (32ull << SONDE_SAMPLING_LOG_SCALE) - log2; /* of 1 / u */
	return distance * (log2 * SAMPLING_LN2_SHIFTED_32 >> 32) >> SONDE_SAMPLING_LOG_SCALE;
}

/* Of one CPU. */
struct sampling_gap {
	__u64 left;	/* bytes until the next sample */
	__u64 distance; /* that the gap was drawn for; 0: none was */
};

/* Whether `size` bytes are sampled. The rest of a gap is distributed as a new one is, so that
 * another distance only stretches it. */
static __always_inline bool sampling_take(struct sampling_gap *gap, __u64 size, __u64 distance)
{
	if (distance <= 1)
		return true;
	if (!size)
		size = 1;
	if (gap->distance != distance) {
		if (gap->distance && gap->left < 1ull << 33)
			gap->left = gap->left * distance / gap->distance;
		else
			gap->left = sampling_draw_gap(distance);
		gap->distance = distance;
	}
	if (gap->left >= size) {
		gap->left -= size;
		return false;
	}
	gap->left = sampling_draw_gap(distance);
	return true;
}

struct sampling_estimate {
	__u64 bytes; /* << SONDE_SAMPLING_BYTE_BITS */
	__u64 count; /* << SONDE_SAMPLING_COUNT_BITS */
	__u64 variance;
};

/* What `size` bytes that were sampled stand for. */
static __always_inline void sampling_scale_up(struct sampling_estimate *estimate, __u64 size,
					      __u64 distance)
{
	__u64 seen = size ? size : 1, position, index, rest, low, high, bytes, more;

	estimate->bytes = size << SONDE_SAMPLING_BYTE_BITS;
	estimate->count = 1ull << SONDE_SAMPLING_COUNT_BITS;
	estimate->variance = 0;
	if (distance <= 1 || seen >= distance * SONDE_SAMPLING_INVERSE_RANGE)
		return;
	position = (seen << (SONDE_SAMPLING_INVERSE_STEP + 16)) / distance;
	index = position >> 16 & ((1 << SONDE_SAMPLING_INVERSE_BITS) - 1);
	rest = position & 0xffff;
	low = sampling_inverse[index];
	high = sampling_inverse[index + 1];
	/* distance * x / (1 - exp(-x)) is size / probability. */
	bytes = distance * (low + ((high - low) * rest >> 16));
	estimate->count =
	    (bytes >> (SONDE_SAMPLING_INVERSE_SCALE - SONDE_SAMPLING_COUNT_BITS)) / seen;
	bytes >>= SONDE_SAMPLING_INVERSE_SCALE - SONDE_SAMPLING_BYTE_BITS;
	if (!size)
		return;
	estimate->bytes = bytes;
	/* Var of one term: (size / p)^2 * (1 - p) = estimate * (estimate - size). Where p is almost
	 * 1 the estimate may be rounded to less than the size. */
	more = bytes >> SONDE_SAMPLING_BYTE_BITS;
	more = more > size ? more - size : 0;
	estimate->variance = (bytes >> (SONDE_SAMPLING_BYTE_BITS + 4)) * (more >> 4);
}

#endif
