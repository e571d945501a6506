/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Exchange of kernel addresses for their names. */
#ifndef SONDE_KSYM_H
#define SONDE_KSYM_H

#include "wire.h"

#define SONDE_KSYM_BATCH 64
/* Longer names are cut; KSYM_NAME_LEN is 512 since 6.1, but names this long are rare. */
#define SONDE_KSYM_LENGTH 256

struct sonde_ksym_exchange {
	__u32 count;
	__u32 pad;
	__u64 addresses[SONDE_KSYM_BATCH];
	/* As the kernel's %ps prints them: "name", "name [module]", or "0x..." if there is none. */
	char names[SONDE_KSYM_BATCH][SONDE_KSYM_LENGTH];
};
SONDE_STATIC_ASSERT(sizeof(struct sonde_ksym_exchange) ==
			8 + SONDE_KSYM_BATCH * (8 + SONDE_KSYM_LENGTH),
		    "wire layout");

#endif
