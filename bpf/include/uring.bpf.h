/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring operations, which are no system calls of their own. To be included where end_call() is
 * known.
 */
#ifndef SONDE_URING_BPF_H
#define SONDE_URING_BPF_H

struct open_operation {
	__u64 start_ns;
	__u32 tgid;
	__u32 tid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* struct io_kiocb *; the kernel uses them again */
	__type(value, struct open_operation);
} open_operations SEC(".maps");

static __always_inline int begin_operation(struct io_kiocb *request)
{
	struct open_operation open = {};
	struct task_struct *task;
	__u64 key = (__u64)request;

	if (sonde_gate != SONDE_GATE_RECORDING)
		return 0;
	task = bpf_get_current_task_btf();
	open.tgid = filter_trusted_tgid(task);
	if (!open.tgid || open.tgid == filter_self_tgid ||
	    target_state(open.tgid) != SONDE_TARGET_TRACED || !filter_passes_rest(task))
		return 0;
	open.tid = filter_trusted_pid(task);
	open.start_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&open_operations, &key, &open, BPF_ANY);
	return 0;
}

#define IORING_CQE_F_MORE (1u << 1) /* include/uapi/linux/io_uring.h */

static __always_inline int end_operation(void *ctx, __u64 request, __s32 result, __u32 flags)
{
	struct ended_call call = {.result = result, .abi = SONDE_ABI_URING, .returned = true};
	struct io_kiocb *kiocb = (void *)request;
	struct sonde_call_counters *c = open_counters();
	struct open_operation *open;
	struct task_struct *task;

	if (!c || !request)
		return 0;
	c->seen++;
	if (sonde_gate == SONDE_GATE_PAUSED) {
		c->filtered_paused++;
		return 0;
	}
	task = bpf_get_current_task_btf();
	call.number = BPF_CORE_READ(kiocb, opcode);
	open = bpf_map_lookup_elem(&open_operations, &request);
	if (open) {
		call.start_ns = open->start_ns;
		call.tgid = open->tgid;
		call.tid = open->tid;
		/* One operation may end many times: poll, accept, recv. */
		if (!(flags & IORING_CQE_F_MORE))
			bpf_map_delete_elem(&open_operations, &request);
	} else {
		call.tgid = filter_trusted_tgid(task);
		call.tid = filter_trusted_pid(task);
		if (call.tgid == filter_self_tgid) {
			c->filtered_self++;
			return 0;
		}
		if (!call.tgid || target_state(call.tgid) != SONDE_TARGET_TRACED ||
		    !filter_passes_rest(task)) {
			c->filtered_target++;
			return 0;
		}
	}
	if (!call_is_selected(SONDE_ABI_URING, call.number)) {
		c->filtered_call++;
		return 0;
	}
	call.now_ns = bpf_ktime_get_ns();
	end_call(ctx, task, c, &call, NULL, false);
	return 0;
}

SEC("?tp_btf/io_uring_submit_req")
int BPF_PROG(uring_submit, struct io_kiocb *request)
{
	return begin_operation(request);
}

/* The same before 6.3. */
SEC("?tp_btf/io_uring_submit_sqe")
int BPF_PROG(uring_submit_sqe, struct io_kiocb *request)
{
	return begin_operation(request);
}

SEC("?tp_btf/io_uring_complete")
int BPF_PROG(uring_complete, void *ring, void *request, struct io_uring_cqe *cqe)
{
	return end_operation(ctx, (__u64)request, BPF_CORE_READ(cqe, res),
			     BPF_CORE_READ(cqe, flags));
}

/* The same before 6.14. */
SEC("?tp_btf/io_uring_complete")
int BPF_PROG(uring_complete_values, void *ring, void *request, __u64 user_data, int result,
	     unsigned int flags)
{
	return end_operation(ctx, (__u64)request, result, flags);
}

#endif
