/* SPDX-License-Identifier: GPL-2.0-only */
/* Every program looks here first: nothing is recorded until all programs are attached, or while
 * detaching. */
#ifndef SONDE_GATE_BPF_H
#define SONDE_GATE_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/wire.h"

/* Written by user space through the mapped .bss. */
volatile __u32 sonde_gate = SONDE_GATE_CLOSED;

#endif
