/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of AF_UNIX sockets. */
#ifndef SONDE_NET_UNIX_BPF_H
#define SONDE_NET_UNIX_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/net_event.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

static __always_inline void unix_read_name(struct sonde_unix_name *name, const struct sock *sk)
{
	const struct unix_sock *u = (const void *)sk;
	struct unix_address *address = BPF_CORE_READ(u, addr);
	int length;

	__builtin_memset(name, 0, sizeof(*name));
	name->is_local = address != NULL;
	if (!address) {
		const struct unix_sock *peer = (const void *)BPF_CORE_READ(u, peer);

		address = BPF_CORE_READ(peer, addr);
	}
	if (!address)
		return;
	length = BPF_CORE_READ(address, len) - (int)sizeof(__u16);
	if (length <= 0)
		return;
	if (length > SONDE_UNIX_PATH)
		length = SONDE_UNIX_PATH;
	name->bytes = length;
	bpf_core_read(name->path, SONDE_UNIX_PATH, &address->name[0].sun_path);
}

#endif
