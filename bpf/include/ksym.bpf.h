/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names kernel addresses. Reading /proc/kallsyms takes the kernel about 30 ms however few addresses
 * are asked for, and CAP_SYSLOG; a lookup here takes microseconds and needs neither. Attached to
 * nothing: run by BPF_PROG_TEST_RUN.
 */
#ifndef SONDE_KSYM_BPF_H
#define SONDE_KSYM_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/ksym.h"
#include <bpf/bpf_helpers.h>

struct sonde_ksym_exchange ksym_exchange = {};

static const char ksym_format[] = "%ps";

SEC("?raw_tp")
int ksym_names(void *ctx)
{
	for (__u32 i = 0; i < SONDE_KSYM_BATCH; i++) {
		if (i >= ksym_exchange.count)
			break;
		bpf_snprintf(ksym_exchange.names[i], SONDE_KSYM_LENGTH, ksym_format,
			     &ksym_exchange.addresses[i], sizeof(__u64));
	}
	return 0;
}

#endif
