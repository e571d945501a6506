/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The faults themselves, as far as the counters of resident memory do not tell: how long a fault
 * waited for a device, and writes to memory that was shared until then, which costs a copy but does
 * not make the process larger.
 */
#ifndef SONDE_MEM_PAGE_FAULTS_BPF_H
#define SONDE_MEM_PAGE_FAULTS_BPF_H

#include "mem_faults.bpf.h"

/* Of x86's error code: arch/x86/include/asm/trap_pf.h. */
#define FAULT_PRESENT (1ul << 0)
#define FAULT_WRITE   (1ul << 1)

struct mem_fault_begin {
	__u64 time_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mem_fault_begin);
} mem_fault_begins SEC(".maps");

static __always_inline struct mem_space *mem_current_space(struct task_struct *task)
{
	__u64 key = (__u64)BPF_CORE_READ(task, mm);

	return sonde_gate == SONDE_GATE_CLOSED || !key ? NULL
						       : bpf_map_lookup_elem(&mem_spaces, &key);
}

static __always_inline void mem_fault_began(void)
{
	struct mem_fault_begin *begin;

	begin = bpf_task_storage_get(&mem_fault_begins, bpf_get_current_task_btf(), NULL,
				     BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (begin)
		begin->time_ns = bpf_ktime_get_ns();
}

static __always_inline int mem_faulted(void *ctx, unsigned long error_code, bool cfi)
{
	struct task_struct *task = filter_current();
	struct mem_space *space = mem_current_space(task);
	struct sonde_mem_counters *c = mem_counters_here();
	struct mem_change change = {.parts = STACK_USER, .weight = mem_page_bytes};

	/* Of a fault that is not handled: a read that may fail, as those of BPF programs, which may
	 * run within another fault. (A helper that reads would raise the counter itself.) */
	if (!c)
		return 0;
	c->runs++;
	if (!space || bpf_get_current_task_btf()->pagefault_disabled)
		return 0;
	mem_fault_began();
	if ((error_code & (FAULT_PRESENT | FAULT_WRITE)) != (FAULT_PRESENT | FAULT_WRITE))
		return 0;
	change.tgid = space->tgid;
	change.label = mem_own_cause(SONDE_MEM_COPY, SONDE_MEM_ANONYMOUS, cfi);
	mem_record(ctx, c, &change, cfi);
	return 0;
}

SEC("?tp_btf/page_fault_user")
int BPF_PROG(mem_fault_user, unsigned long address, struct pt_regs *registers,
	     unsigned long error_code)
{
	return mem_faulted(ctx, error_code, false);
}

SEC("?tp_btf/page_fault_user")
int BPF_PROG(mem_fault_user_cfi, unsigned long address, struct pt_regs *registers,
	     unsigned long error_code)
{
	return mem_faulted(ctx, error_code, true);
}

/* By the kernel, in user memory: a system call's buffer. */
SEC("?tp_btf/page_fault_kernel")
int BPF_PROG(mem_fault_kernel, unsigned long address, struct pt_regs *registers,
	     unsigned long error_code)
{
	return mem_faulted(ctx, error_code, false);
}

SEC("?tp_btf/page_fault_kernel")
int BPF_PROG(mem_fault_kernel_cfi, unsigned long address, struct pt_regs *registers,
	     unsigned long error_code)
{
	return mem_faulted(ctx, error_code, true);
}

/* The event counts a major fault when it is over. */
static __always_inline int mem_major_fault(void *ctx, bool cfi)
{
	struct task_struct *task = filter_current();
	struct mem_space *space = mem_current_space(task);
	struct sonde_mem_counters *c = mem_counters_here();
	struct mem_change change = {.parts = STACK_USER};
	struct mem_fault_begin *begin;

	if (!space || !c)
		return 0;
	c->runs++;
	begin = bpf_task_storage_get(&mem_fault_begins, bpf_get_current_task_btf(), NULL, 0);
	/* Without a begin, for one that began before sonde did, it counts without a time. */
	if (begin && begin->time_ns) {
		change.weight = bpf_ktime_get_ns() - begin->time_ns;
		begin->time_ns = 0;
	}
	change.tgid = space->tgid;
	change.label = mem_own_cause(SONDE_MEM_MAJOR, 0, cfi);
	mem_record(ctx, c, &change, cfi);
	return 0;
}

SEC("?perf_event")
int mem_major(void *ctx)
{
	return mem_major_fault(ctx, false);
}

SEC("?perf_event")
int mem_major_cfi(void *ctx)
{
	return mem_major_fault(ctx, true);
}

#endif
