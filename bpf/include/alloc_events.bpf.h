/* SPDX-License-Identifier: GPL-2.0-only */
/* Sends sampled allocations, and frees of them, one by one as well, for live events. */
#ifndef SONDE_ALLOC_EVENTS_BPF_H
#define SONDE_ALLOC_EVENTS_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/alloc_event.h"
#include <bpf/bpf_helpers.h>

const volatile bool alloc_send_events = false;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by user space */
} alloc_events SEC(".maps");

/* False if there was no room for it. */
static __always_inline bool alloc_send_event(__u32 kind, struct task_struct *task, __u32 function,
					     __u64 site, __u64 address, __u64 bytes)
{
	struct sonde_alloc_event *event;

	if (!alloc_send_events)
		return true;
	event = bpf_ringbuf_reserve(&alloc_events, sizeof(*event), 0);
	if (!event)
		return false;
	event->header.kind = kind;
	event->header.version = SONDE_WIRE_VERSION;
	event->header.length = sizeof(*event);
	event->header.time_ns = bpf_ktime_get_ns();
	event->site = site;
	event->address = address;
	event->bytes = bytes;
	event->tgid = (__u32)task->tgid;
	event->tid = (__u32)task->pid;
	event->function = function;
	event->pad = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return true;
}

#endif
