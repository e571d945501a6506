/* SPDX-License-Identifier: GPL-2.0-only */
/* Which calls are wanted, by number and by how they ended. */
#ifndef SONDE_CALL_SELECT_BPF_H
#define SONDE_CALL_SELECT_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/syscall_event.h"

#define CALL_ERROR_NUMBERS 1024 /* up to ERESTART_RESTARTBLOCK, 516, and a power of two */

/* Set by user space before load. */
const volatile bool call_select_all = true;
const volatile bool call_select_others = true; /* numbers from SONDE_CALL_NUMBERS up */
const volatile __u64 call_selected[SONDE_ABI_COUNT][SONDE_CALL_NUMBERS / 64] = {};
const volatile bool call_failed_only = false;
const volatile bool call_by_error = false; /* only the errors in call_errors */
const volatile __u64 call_errors[CALL_ERROR_NUMBERS / 64] = {};
const volatile __u64 call_min_latency_ns = 0;
const volatile bool call_timed = true; /* begins are seen, too */

#define CALL_MAX_ERROR 4095

/* A call that is over. */
struct ended_call {
	__u64 start_ns; /* 0 if the begin was not seen */
	__u64 now_ns;
	__s64 result;
	__u32 number;
	__u16 error;
	__u8 abi;
	__u8 returned;
	__u32 tgid; /* whose row it is */
	__u32 tid;
};

/* Bit `number` of a set of 64 * `words` bits; `words` is a power of two. */
static __always_inline bool set_has(const volatile __u64 *set, __u32 words, __u32 number)
{
	__u32 word = number / 64;

	/* clang drops a bound that it knows to hold and the verifier does not. */
	asm volatile("" : "+r"(word));
	return set[word & (words - 1)] >> (number % 64) & 1;
}

static __always_inline bool call_is_selected(__u8 abi, __u32 number)
{
	if (call_select_all)
		return true;
	if (number >= SONDE_CALL_NUMBERS)
		return call_select_others;
	return set_has(call_selected[abi % SONDE_ABI_COUNT], SONDE_CALL_NUMBERS / 64, number);
}

static __always_inline bool result_is_selected(const struct ended_call *call)
{
	if (call_failed_only && !call->error)
		return false;
	if (call_by_error && (!call->error || call->error >= CALL_ERROR_NUMBERS ||
			      !set_has(call_errors, CALL_ERROR_NUMBERS / 64, call->error)))
		return false;
	if (call_min_latency_ns &&
	    (!call->start_ns || call->now_ns - call->start_ns < call_min_latency_ns))
		return false;
	return true;
}

#endif
