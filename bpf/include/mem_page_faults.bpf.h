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

/* When a task's last fault began. */
struct mem_fault_begin {
	__u64 task;
	__u64 time_ns;
};

/* Of the last fault on each CPU: most are over before another task's begins there. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MEM_MAX_CPUS);
	__type(key, __u32);
	__type(value, struct mem_fault_begin);
} mem_fault_begins SEC(".maps");

/* Of the last one that a CPU had of a task before it ran another. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* struct task_struct * */
	__type(value, __u64);
} mem_fault_tasks SEC(".maps");

/* Set by user space: nobody's faults are of no interest but sonde's own, which do no harm. */
const volatile bool mem_every_process = false;

static __always_inline struct mem_space *mem_current_space(struct task_struct *task)
{
	__u64 key = (__u64)task->mm;

	return key ? bpf_map_lookup_elem(&mem_spaces, &key) : NULL;
}

static __always_inline void mem_fault_began(struct task_struct *task)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct mem_fault_begin *last = bpf_map_lookup_elem(&mem_fault_begins, &cpu);
	__u64 time_ns;

	if (!last)
		return;
	if (last->task != (__u64)task) {
		time_ns = last->time_ns;
		if (time_ns)
			bpf_map_update_elem(&mem_fault_tasks, &last->task, &time_ns, BPF_ANY);
		last->task = (__u64)task;
	}
	last->time_ns = bpf_ktime_get_ns();
}

/* The task may have waited meanwhile, and have been moved to another CPU. 0: not known. */
static __always_inline __u64 mem_fault_time(struct task_struct *task)
{
	__u64 key = (__u64)task, begin = 0;
	__u64 *known = bpf_map_lookup_elem(&mem_fault_tasks, &key);

	if (known)
		begin = *known;
	for (__u32 cpu = 0; cpu < MEM_MAX_CPUS; cpu++) {
		__u32 number = cpu;
		struct mem_fault_begin *last;

		if (cpu >= mem_cpus)
			break;
		last = bpf_map_lookup_elem(&mem_fault_begins, &number);
		if (last && last->task == key && last->time_ns > begin)
			begin = last->time_ns;
	}
	return begin ? bpf_ktime_get_ns() - begin : 0;
}

static __always_inline int mem_faulted(void *ctx, unsigned long error_code, bool cfi)
{
	bool copies = (error_code & (FAULT_PRESENT | FAULT_WRITE)) == (FAULT_PRESENT | FAULT_WRITE);
	struct task_struct *task = bpf_get_current_task_btf();
	struct mem_cpu *here = mem_cpu_here();
	struct mem_change change = {.weight = mem_page_bytes};
	struct mem_space *space = NULL;

	if (!here)
		return 0;
	here->counters.runs++;
	/* Of a fault that is not handled: a read that may fail, as those of BPF programs, which may
	 * run within another fault. (A helper that reads would raise the counter itself.) */
	if (sonde_gate == SONDE_GATE_CLOSED || task->pagefault_disabled)
		return 0;
	if (!mem_every_process || copies) {
		space = mem_current_space(task);
		if (!space)
			return 0;
	}
	mem_fault_began(task);
	if (!copies || !space)
		return 0;
	change.tgid = space->tgid;
	change.label = SONDE_MEM_LABEL(SONDE_MEM_COPY, SONDE_MEM_ANONYMOUS, 0, 0);
	if (mem_is_wanted(here, &change))
		mem_put_own(ctx, here, &change, cfi);
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
	struct task_struct *task = bpf_get_current_task_btf();
	struct mem_cpu *here = mem_cpu_here();
	struct mem_change change = {};
	struct mem_space *space;

	if (sonde_gate == SONDE_GATE_CLOSED || !here)
		return 0;
	here->counters.runs++;
	space = mem_current_space(task);
	if (!space)
		return 0;
	/* Without a begin, for one that began before sonde did, it counts without a time. */
	change.weight = mem_fault_time(task);
	change.tgid = space->tgid;
	change.label = SONDE_MEM_LABEL(SONDE_MEM_MAJOR, 0, 0, 0);
	if (mem_is_wanted(here, &change))
		mem_put_own(ctx, here, &change, cfi);
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
