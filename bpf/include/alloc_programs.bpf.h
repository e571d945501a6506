/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs of the allocation lane, which differ in how they are attached. */
#ifndef SONDE_ALLOC_PROGRAMS_BPF_H
#define SONDE_ALLOC_PROGRAMS_BPF_H

#include "kernel_types.bpf.h"
#include "alloc.bpf.h"
#include "alloc_cost.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

bool bpf_session_is_return(void) __ksym __weak;

/* With the time that it takes, if costs are measured. */
static __always_inline bool alloc_enter_measured(struct pt_regs *ctx, bool cfi)
{
	struct alloc_moment start = {};
	bool measures, waits;

	measures = alloc_begin_measuring(&start);
	waits = alloc_enter_call(ctx, bpf_get_attach_cookie(ctx), true, cfi);
	if (measures)
		alloc_end_first(&start, waits);
	return waits;
}

static __always_inline int alloc_leave_measured(struct pt_regs *ctx)
{
	struct alloc_moment start = {};
	bool measures = alloc_begin_measuring(&start);

	alloc_leave_call(ctx);
	if (measures)
		alloc_end_first(&start, true);
	return 0;
}

static __always_inline int alloc_session_part(struct pt_regs *ctx, bool cfi)
{
	if (bpf_session_is_return())
		return alloc_leave_measured(ctx);
	/* 1: the return is not waited for. */
	return !alloc_enter_measured(ctx, cfi);
}

/* Both ends of a call, since 6.13. */
SEC("?uprobe")
int alloc_session(struct pt_regs *ctx)
{
	return alloc_session_part(ctx, false);
}

SEC("?uprobe")
int alloc_session_cfi(struct pt_regs *ctx)
{
	return alloc_session_part(ctx, true);
}

/* Before, every call's return is paid for, and the stack of a program has no room for measuring. */
SEC("?uprobe")
int alloc_enter(struct pt_regs *ctx)
{
	alloc_enter_call(ctx, bpf_get_attach_cookie(ctx), false, false);
	return 0;
}

SEC("?uprobe")
int alloc_enter_cfi(struct pt_regs *ctx)
{
	alloc_enter_call(ctx, bpf_get_attach_cookie(ctx), false, true);
	return 0;
}

SEC("?uprobe")
int alloc_leave(struct pt_regs *ctx)
{
	alloc_leave_call(ctx);
	return 0;
}

/*
 * At a second breakpoint. Not a session: where another tracer has a breakpoint there in another
 * process, that process would pay with its stack, since the kernel does not run our program then
 * and waits for a return whose address is not where it looks for it (uprobe_prog_run() in
 * kernel/trace/bpf_trace.c gives 0).
 */
SEC("?uprobe")
int alloc_second(struct pt_regs *ctx)
{
	alloc_measure_second();
	return 0;
}

/* What the kernel has a thread do at the return of a probed function, since 6.11, and at the
 * breakpoints of 6.18 that are calls. */
#define ALLOC_NR_URETPROBE 335
#define ALLOC_NR_UPROBE	   336

/*
 * How far the targets get, in windows and between them: breakpoints in an allocator make a program
 * slower, and not its system calls more or fewer. Attached while there are windows.
 */
SEC("?tp_btf/sys_enter")
int BPF_PROG(alloc_progress, struct pt_regs *regs, long number)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0, tgid = filter_trusted_tgid(task);
	struct sonde_alloc_cost *cost = bpf_map_lookup_elem(&alloc_costs, &zero);
	struct alloc_cpu *cpu = bpf_map_lookup_elem(&alloc_cpus, &zero);

	if (!cost || !cpu || !tgid || tgid == filter_self_tgid)
		return 0;
	if (number == ALLOC_NR_URETPROBE || number == ALLOC_NR_UPROBE)
		return 0;
	if (filter_by_tgid && filter_cached_state(&cpu->target, tgid) != SONDE_TARGET_TRACED)
		return 0;
	if (filter_passes_rest(task))
		__sync_fetch_and_add(&cost->syscalls, 1);
	return 0;
}

/* Functions that only take memory back have no return to wait for. */
SEC("?uprobe")
int alloc_free(struct pt_regs *ctx)
{
	alloc_enter_call(ctx, bpf_get_attach_cookie(ctx), false, false);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sonde_alloc_look);
} alloc_looks SEC(".maps");

/* Before the lane begins: how often its breakpoints would be hit. */
SEC("?uprobe")
int alloc_look(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx), size;
	__u32 zero = 0, call = SONDE_ALLOC_CALL(cookie);
	struct sonde_alloc_look *look = bpf_map_lookup_elem(&alloc_looks, &zero);

	if (!look)
		return 0;
	look->hits++;
	look->stepped += SONDE_ALLOC_STEPPED(cookie);
	if (call == SONDE_ALLOC_RELEASE)
		return 0;
	size = alloc_size(ctx, call);
	look->calls++;
	if (size != ALLOC_TOO_MUCH)
		look->bytes += size;
	return 0;
}

#endif
