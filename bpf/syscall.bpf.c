// SPDX-License-Identifier: GPL-2.0-only
/*
 * System call tracer: remembers where each thread is (task storage), and when a call is over adds
 * it to a row, sends it to the live trace, or counts its stack. Counting alone looks at the ends of
 * calls only.
 */
#include "include/kernel_types.bpf.h"
#include "include/kernel_compat.bpf.h"
#include "include/gate.bpf.h"
#include "include/filter.bpf.h"
#include "include/target_cache.bpf.h"
#include "include/call.bpf.h"
#include "include/call_rows.bpf.h"
#include "include/call_select.bpf.h"
#include "include/call_trace.bpf.h"
#include "include/stack_counts.bpf.h"
#include "shared/syscall_event.h"

char LICENSE[] SEC("license") = "GPL";

const volatile bool call_stacks = false;
const volatile __u32 call_stack_weight = SONDE_WEIGHT_COUNT;

#define PF_KTHREAD  0x00200000 /* include/linux/sched.h */
#define TASK_HALTED 0x800c     /* __TASK_STOPPED, __TASK_TRACED, TASK_FROZEN */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct open_call);
} open_calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_call_counters);
} counters SEC(".maps");

/* This CPU's counters, or NULL while nothing is to be counted. */
static __always_inline struct sonde_call_counters *open_counters(void)
{
	__u32 zero = 0;

	return sonde_gate == SONDE_GATE_CLOSED ? NULL : bpf_map_lookup_elem(&counters, &zero);
}

/* What the stack of a call counts for. */
static __always_inline __u64 stack_weight(const struct ended_call *call)
{
	if (call_stack_weight == SONDE_WEIGHT_TIME)
		return call->start_ns && call->returned ? call->now_ns - call->start_ns : 0;
	return call_stack_weight == SONDE_WEIGHT_ERRORS ? call->error != 0 : 1;
}

/* `cfi`: as stack_counts_add(). */
static __always_inline void end_call(void *ctx, struct task_struct *task,
				     struct sonde_call_counters *c, struct ended_call *call,
				     const struct open_call *open, bool cfi)
{
	if (call->returned && call->result < 0 && call->result >= -CALL_MAX_ERROR &&
	    (call->abi == SONDE_ABI_URING || call_role(call->abi, call->number) != CALL_SIGRETURN))
		call->error = (__u16)-call->result;
	if (!result_is_selected(call)) {
		c->filtered_result++;
		return;
	}
	if (call_trace ? !trace_end(c, task, call, open) : !add_to_row(task, call)) {
		c->lost_rows_full++;
		return;
	}
	c->recorded++;
	if (call->error)
		c->errors++;
	if (call_stacks && call->abi != SONDE_ABI_URING && stack_weight(call) &&
	    !stack_counts_add(ctx, filter_trusted_tgid(task), filter_trusted_pid(task),
			      SONDE_STACK_CALL(call->abi, call->number), stack_weight(call),
			      STACK_BOTH, cfi))
		c->stacks_lost++;
}

/* A thread's own call, from its begin on; the target was checked then. */
static __always_inline void end_open_call(void *ctx, struct task_struct *task,
					  struct sonde_call_counters *c, struct open_call *open,
					  long result, bool returned, bool cfi)
{
	struct ended_call call = {.start_ns = open->start_ns,
				  .result = result,
				  .number = open->number,
				  .abi = open->abi,
				  .returned = returned};

	if (call_rows_by_thread || call_trace) {
		call.tgid = filter_trusted_tgid(task);
		call.tid = filter_trusted_pid(task);
	}

	if (call_timed)
		call.now_ns = bpf_ktime_get_ns();
	open->active = 0;
	c->seen++;
	if (sonde_gate == SONDE_GATE_PAUSED) {
		c->filtered_paused++;
		return;
	}
	end_call(ctx, task, c, &call, open, cfi);
}

/* A call whose begin was not looked at: counting only, not a target, denied by seccomp (which comes
 * before the begin is traced), or begun before sonde. */
static __always_inline void end_unseen_call(void *ctx, struct task_struct *task,
					    struct sonde_call_counters *c, __s32 number,
					    long result, bool returned, bool cfi)
{
	__u8 abi = call_abi(task);
	struct ended_call call = {.result = result, .abi = abi, .returned = returned};
	__u32 tgid;

	if (number < 0)
		number = CALL_SIGRETURN_NUMBER(abi);
	if (returned && !result && call_role(abi, number) == CALL_FORKS)
		return;
	call.number = number;
	c->seen++;
	if (sonde_gate == SONDE_GATE_PAUSED) {
		c->filtered_paused++;
		return;
	}
	tgid = filter_trusted_tgid(task);
	if (tgid == filter_self_tgid) {
		c->filtered_self++;
	} else if (!tgid || target_state(tgid) != SONDE_TARGET_TRACED ||
		   !filter_passes_rest(task)) {
		c->filtered_target++;
	} else if (!call_is_selected(abi, number)) {
		c->filtered_call++;
	} else {
		call.tgid = tgid;
		if (call_rows_by_thread || call_trace)
			call.tid = filter_trusted_pid(task);
		if (call_timed)
			call.now_ns = bpf_ktime_get_ns();
		end_call(ctx, task, c, &call, NULL, cfi);
	}
}

/* A launcher's calls before its execve() are not the target's; the execve() itself is. */
static __always_inline bool begin_passes(struct task_struct *task, __u32 tgid, __u8 abi,
					 __u32 number)
{
	__u32 state;

	if (!tgid || tgid == filter_self_tgid)
		return false;
	state = target_state(tgid);
	if (state == SONDE_TARGET_AWAITS_EXEC)
		return call_role(abi, number) == CALL_EXEC;
	return state == SONDE_TARGET_TRACED && filter_passes_rest(task);
}

/* Counts a call that cannot have been remembered at its begin. Found out before its task's storage
 * is looked at, which costs more than this: every process of the machine comes here. */
static __always_inline bool is_filtered_early(struct task_struct *task,
					      struct sonde_call_counters *c, struct pt_regs *regs,
					      long result)
{
	__s32 number = call_number(regs);
	bool stranger, unwanted;
	__u8 abi;

	if (sonde_gate != SONDE_GATE_RECORDING || number < 0)
		return false;
	abi = call_abi(task);
	stranger = filter_by_tgid && !target_state(filter_trusted_tgid(task));
	unwanted = !call_is_selected(abi, number);
	if (!stranger && !unwanted)
		return false;
	if (!result && call_role(abi, number) == CALL_FORKS)
		return true;
	c->seen++;
	if (stranger)
		c->filtered_target++;
	else
		c->filtered_call++;
	return true;
}

SEC("?tp_btf/sys_enter")
int BPF_PROG(syscall_enter, struct pt_regs *regs, long number)
{
	struct sonde_call_counters *c;
	struct task_struct *task;
	struct open_call *open;
	__u32 zero = 0;
	__u8 abi;

	if (sonde_gate != SONDE_GATE_RECORDING)
		return 0;
	task = bpf_get_current_task_btf();
	abi = call_abi(task);
	if (!begin_passes(task, filter_trusted_tgid(task), abi, (__u32)number) ||
	    !call_is_selected(abi, (__u32)number))
		return 0;
	open = bpf_task_storage_get(&open_calls, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!open)
		return 0;
	open->number = (__u32)number;
	open->abi = abi;
	open->active = 1;
	if (call_trace) {
		call_arguments(regs, abi, open->args);
		open->start_ns = bpf_ktime_get_ns();
		c = bpf_map_lookup_elem(&counters, &zero);
		if (c)
			trace_begin(c, open, filter_trusted_pid(task));
		return 0;
	}
	open->start_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int exit_call(void *ctx, struct pt_regs *regs, long result, bool cfi)
{
	struct sonde_call_counters *c = open_counters();
	struct task_struct *task;
	struct open_call *open;

	if (!c)
		return 0;
	task = bpf_get_current_task_btf();
	if (is_filtered_early(task, c, regs, result))
		return 0;
	open = bpf_task_storage_get(&open_calls, task, NULL, 0);
	if (open && open->active)
		end_open_call(ctx, task, c, open, result, true, cfi);
	else
		end_unseen_call(ctx, task, c, call_number(regs), result, true, cfi);
	return 0;
}

static __always_inline int count_call(void *ctx, struct pt_regs *regs, long result, bool cfi)
{
	struct sonde_call_counters *c = open_counters();

	if (c)
		end_unseen_call(ctx, bpf_get_current_task_btf(), c, call_number(regs), result, true,
				cfi);
	return 0;
}

/* exit() and exit_group() end here. A thread that is killed in another call returns from it
 * first. */
static __always_inline int exit_thread(void *ctx, bool cfi)
{
	struct sonde_call_counters *c = open_counters();
	struct task_struct *task;
	struct open_call *open;

	if (!c)
		return 0;
	task = bpf_get_current_task_btf();
	open = bpf_task_storage_get(&open_calls, task, NULL, 0);
	if (open && open->active)
		end_open_call(ctx, task, c, open, 0, false, cfi);
	return 0;
}

static __always_inline int count_thread_exit(void *ctx, bool cfi)
{
	struct sonde_call_counters *c = open_counters();
	struct task_struct *task;
	struct pt_regs *regs;
	__s32 number;

	if (!c)
		return 0;
	task = bpf_get_current_task_btf();
	if (task->flags & PF_KTHREAD)
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	number = (__s32)BPF_CORE_READ(regs, orig_ax);
	if (number >= 0 && call_role(call_abi(task), number) == CALL_EXITS)
		end_unseen_call(ctx, task, c, number, 0, false, cfi);
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long result)
{
	return exit_call(ctx, regs, result, false);
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(syscall_thread_exit)
{
	return exit_thread(ctx, false);
}

/* Instead of syscall_enter and the two above where only counts are wanted. */
SEC("?tp_btf/sys_exit")
int BPF_PROG(syscall_count, struct pt_regs *regs, long result)
{
	return count_call(ctx, regs, result, false);
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(syscall_count_thread_exit)
{
	return count_thread_exit(ctx, false);
}

/* The same four where stacks are wanted and call frame information can be used. */
SEC("?tp_btf/sys_exit")
int BPF_PROG(syscall_exit_cfi, struct pt_regs *regs, long result)
{
	return exit_call(ctx, regs, result, true);
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(syscall_thread_exit_cfi)
{
	return exit_thread(ctx, true);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(syscall_count_cfi, struct pt_regs *regs, long result)
{
	return count_call(ctx, regs, result, true);
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(syscall_count_thread_exit_cfi)
{
	return count_thread_exit(ctx, true);
}

/* Once, after the gate was opened: the calls that tasks are asleep in. Of one that runs, the saved
 * registers do not tell whether it is in a call. */
SEC("?iter/task")
int syscall_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct open_call *open;
	struct pt_regs *regs;
	unsigned int state;
	__s32 number;
	__u32 tgid;
	__u8 abi;

	if (!task || task->flags & PF_KTHREAD)
		return 0;
	state = task_state(task);
	if (!state || state & TASK_HALTED)
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	number = (__s32)BPF_CORE_READ(regs, orig_ax);
	tgid = filter_tgid_of(task);
	if (number < 0 || !tgid || tgid == filter_self_tgid || !filter_passes(task, tgid))
		return 0;
	abi = call_abi(task);
	if (!call_is_selected(abi, number))
		return 0;
	open = bpf_task_storage_get(&open_calls, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!open || open->active)
		return 0;
	open->number = number;
	open->abi = abi;
	open->start_ns = 0;
	open->active = 1;
	open->flags = SONDE_CALL_NO_BEGIN;
	if (call_trace) {
		struct pt_regs *saved = regs;

		open->unread = 0;
		__builtin_memset(open->files, 0, sizeof(open->files));
		call_saved_arguments(saved, abi, open->args);
	}
	return 0;
}

SEC("?iter/task")
int syscall_in_flight(struct bpf_iter__task *ctx)
{
	struct sonde_call_in_flight row = {};
	struct task_struct *task = ctx->task;
	struct open_call *open;

	if (!task)
		return 0;
	open = bpf_task_storage_get(&open_calls, task, NULL, 0);
	if (!open || !open->active)
		return 0;
	row.start_ns = open->start_ns;
	row.tgid = filter_tgid_of(task);
	row.tid = filter_pid_of(task);
	row.number = open->number;
	row.abi = open->abi;
	BPF_CORE_READ_STR_INTO(&row.comm, task, comm);
	__builtin_memcpy(row.args, open->args, sizeof(row.args));
	__builtin_memcpy(row.files, open->files, sizeof(row.files));
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

#include "include/uring.bpf.h"

/* Run on a CPU by user space (BPF_PROG_TEST_RUN): sends what waits in its batch. 1 if it is being
 * written to. */
SEC("?raw_tp")
int batch_flush(void *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id(), zero = 0;
	struct sonde_batch *batch = bpf_map_lookup_elem(&batches, &cpu);
	struct sonde_call_counters *c = bpf_map_lookup_elem(&counters, &zero);

	if (!batch || !c)
		return 0;
	if (batch->busy)
		return 1;
	batch_send(batch, c);
	return 0;
}
