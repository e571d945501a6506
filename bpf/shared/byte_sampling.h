/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What sampling by bytes reads and gives: fixed-point tables, and estimates in parts of one. */
#ifndef SONDE_BYTE_SAMPLING_H
#define SONDE_BYTE_SAMPLING_H

/* Tables that user space makes (aggregate/byte_sampling.hpp). */
#define SONDE_SAMPLING_LOG_BITS	     10 /* log2(1 + i / 1024) in units of 2^-26 */
#define SONDE_SAMPLING_LOG_SCALE     26
#define SONDE_SAMPLING_INVERSE_BITS  12 /* x / (1 - exp(-x)) at x = i / 128, in units of 2^-24 */
#define SONDE_SAMPLING_INVERSE_STEP  7
#define SONDE_SAMPLING_INVERSE_SCALE 24
#define SONDE_SAMPLING_INVERSE_RANGE 32 /* of the last entry; from there on it is x itself */

/* Estimates are in parts of a byte and of a call, so that small ones add up. */
#define SONDE_SAMPLING_BYTE_BITS  8
#define SONDE_SAMPLING_COUNT_BITS 16

#endif
