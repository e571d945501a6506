/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* One sample of stack_samples.bpf.c: what a second unwinder needs to come to the same frames. */
#ifndef SONDE_STACK_SAMPLE_H
#define SONDE_STACK_SAMPLE_H

#include "unwind_event.h"

#define SAMPLE_STACK_BYTES (256 * 1024)

/* Followed by frames_count frames and then stack_bytes bytes from rsp on. */
struct stack_sample {
  __u32 tid;
  __u32 stop; /* SONDE_STACK_* */
  __u32 frames_count;
  __u32 stack_bytes;
  __u64 registers[SONDE_DUMP_REGISTERS];
};
SONDE_STATIC_ASSERT(sizeof(struct stack_sample) == 16 + 17 * 8, "wire layout");

#endif
