// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network tracer: TCP connections from connect() or the listener to their end, what goes through
 * UDP and AF_UNIX sockets, and whose they are.
 */
#include "include/kernel_types.bpf.h"
#include <bpf/bpf_endian.h>
#include <linux/in.h>
#include "include/kernel_compat.bpf.h"
#include "include/gate.bpf.h"
#include "include/filter.bpf.h"
#include "include/net_filter.bpf.h"
#include "include/net_socket.bpf.h"
#include "include/net_emit.bpf.h"
#include "include/net_flow.bpf.h"
#include "include/net_io.bpf.h"
#include "include/net_route.bpf.h"
#include "include/net_tcp.bpf.h"
#include "include/net_live.bpf.h"
#include "include/net_dns.bpf.h"
#include "include/net_drops.bpf.h"
#include "include/net_causes.bpf.h"
#include "include/ksym.bpf.h"
#include "include/http_tls.bpf.h"
#include "shared/http_event.h"
#include "shared/net_event.h"

char LICENSE[] SEC("license") = "GPL";
