/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the bytes of the current system call's read or write are in the process. */
#ifndef SONDE_HTTP_BUFFER_BPF_H
#define SONDE_HTTP_BUFFER_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/http_event.h"
#include "call.bpf.h"
#include <bpf/bpf_helpers.h>

#define PF_IO_WORKER 0x00000010 /* include/linux/sched.h */
#ifndef PF_KTHREAD
#define PF_KTHREAD 0x00200000
#endif

struct http_vector {
	__u64 base;
	__u64 length;
};

struct http_buffer {
	struct http_vector first;
	__u64 vectors; /* address of the array; 0: `first` is all */
	__u64 count;
};

#define HTTP_VECTORS 8 /* looked at, of one call */

#define HTTP_FOUND   -1
#define HTTP_NOWHERE -2 /* not the process's memory: sendfile(), splice() */

#ifdef __TARGET_ARCH_x86

#define HTTP_IO_URING_ENTER 426

/* Positions of the members of struct user_msghdr. */
#define HTTP_MSG_IOV 16

/* HTTP_FOUND, HTTP_NOWHERE, or the SONDE_HTTP_* why not. */
static __always_inline int http_find_buffer(struct task_struct *task, struct http_buffer *buffer)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	if (task->flags & PF_KTHREAD)
		return HTTP_NOWHERE;
	if (task->flags & PF_IO_WORKER)
		return SONDE_HTTP_URING;
	if (call_abi(task) == SONDE_ABI_COMPAT)
		return SONDE_HTTP_COMPAT;
	switch (regs->orig_ax) {
	case 0:	 /* read */
	case 1:	 /* write */
	case 44: /* sendto */
	case 45: /* recvfrom */
		buffer->first.base = regs->si;
		buffer->first.length = regs->dx;
		buffer->vectors = 0;
		return HTTP_FOUND;
	case 19:  /* readv */
	case 20:  /* writev */
	case 327: /* preadv2 */
	case 328: /* pwritev2 */
		buffer->vectors = regs->si;
		buffer->count = regs->dx;
		break;
	case 46: /* sendmsg */
	case 47: /* recvmsg */
	{
		struct http_vector message = {};

		if (bpf_probe_read_user(&message, sizeof(message),
					(void *)(regs->si + HTTP_MSG_IOV)))
			return SONDE_HTTP_UNREADABLE;
		buffer->vectors = message.base;
		buffer->count = message.length;
		break;
	}
	case HTTP_IO_URING_ENTER:
		return SONDE_HTTP_URING;
	default:
		return HTTP_NOWHERE;
	}
	if (!buffer->count)
		return HTTP_NOWHERE;
	return bpf_probe_read_user(&buffer->first, sizeof(buffer->first), (void *)buffer->vectors)
		   ? SONDE_HTTP_UNREADABLE
		   : HTTP_FOUND;
}

#endif

#endif
