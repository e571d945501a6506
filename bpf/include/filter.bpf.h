/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom to trace: decided in the kernel, before anything else is done for an event. */
#ifndef SONDE_FILTER_BPF_H
#define SONDE_FILTER_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/wire.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Set by user space before load; the defaults let every task pass. */
const volatile __u32 filter_self_tgid = 0; /* sonde itself, as the PID namespace below numbers it */
const volatile __u32 filter_pid_namespace = 0; /* its inode number; 0: the initial namespace */
const volatile bool filter_by_tgid = false;    /* only those in filter_tgids */
const volatile bool filter_by_comm = false;
const volatile char filter_comm[SONDE_COMM_LENGTH] = {};
const volatile __u64 filter_cgroup = 0;		   /* kernfs id; 0: any */
const volatile __s32 filter_cgroup_subsystem = -1; /* v1 controller's index; -1: the v2 hierarchy */
const volatile __u32 filter_cgroup_level = 0;	   /* depth of the v2 cgroup below its root */

#define FILTER_MAX_NAMESPACES	8
#define FILTER_MAX_CGROUP_DEPTH 16

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768); /* the default of kernel.pid_max */
	__type(key, __u32);	    /* tgid */
	__type(value, __u8);	    /* SONDE_TARGET_* */
} filter_tgids SEC(".maps");

/* Raised whenever filter_tgids changes while sonde runs. */
volatile __u32 filter_epoch = 1;

/* What the last lookup of filter_tgids gave; one for each CPU. A busy process is looked up once. In
 * one word, since programs at breakpoints may be preempted, and another process's runs meanwhile.
 */
struct filter_cache {
	__u64 word; /* tgid, 24 bits of the epoch, and SONDE_TARGET_* or 0 */
};

/* Children that found no room in filter_tgids and so are not traced. */
__u64 filter_children_missed = 0;

static __always_inline struct task_struct *filter_current(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* Number of `task` in sonde's own PID namespace; 0 if it is not visible there. */
static __always_inline __u32 filter_pid_of(struct task_struct *task)
{
	struct pid *pid;
	__u32 level;

	if (!filter_pid_namespace)
		return (__u32)BPF_CORE_READ(task, pid);
	pid = BPF_CORE_READ(task, thread_pid);
	level = BPF_CORE_READ(pid, level);
	for (__u32 i = 0; i < FILTER_MAX_NAMESPACES; i++) {
		struct upid *upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				    i * bpf_core_type_size(struct upid);

		if (i > level)
			break;
		if (BPF_CORE_READ(upid, ns, ns.inum) == filter_pid_namespace)
			return (__u32)BPF_CORE_READ(upid, nr);
	}
	return 0;
}

static __always_inline __u32 filter_tgid_of(struct task_struct *task)
{
	if (!filter_pid_namespace)
		return (__u32)BPF_CORE_READ(task, tgid);
	return filter_pid_of(BPF_CORE_READ(task, group_leader));
}

/* The same for a trusted pointer, which no helper needs to read. */
static __always_inline __u32 filter_trusted_tgid(struct task_struct *task)
{
	return filter_pid_namespace ? filter_tgid_of(task) : (__u32)task->tgid;
}

static __always_inline __u32 filter_trusted_pid(struct task_struct *task)
{
	return filter_pid_namespace ? filter_pid_of(task) : (__u32)task->pid;
}

static __always_inline bool filter_comm_equals(const char *comm)
{
	for (int i = 0; i < SONDE_COMM_LENGTH; i++) {
		if (comm[i] != filter_comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

/* The thread's own name, or the name of its process. */
static __always_inline bool filter_comm_passes(struct task_struct *task)
{
	char comm[SONDE_COMM_LENGTH] = {};

	BPF_CORE_READ_STR_INTO(&comm, task, comm);
	if (filter_comm_equals(comm))
		return true;
	BPF_CORE_READ_STR_INTO(&comm, task, group_leader, comm);
	return filter_comm_equals(comm);
}

/* The cgroup itself or any below it; in both hierarchies a css leads to the cgroup's parent. */
static __always_inline bool filter_cgroup_passes(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;

	if (filter_cgroup_subsystem < 0)
		css = (void *)BPF_CORE_READ(set, dfl_cgrp) +
		      bpf_core_field_offset(struct cgroup, self);
	else
		bpf_core_read(&css, sizeof(css),
			      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
				  filter_cgroup_subsystem * sizeof(void *));
	for (int depth = 0; depth < FILTER_MAX_CGROUP_DEPTH && css; depth++) {
		if (BPF_CORE_READ(css, cgroup, kn, id) == filter_cgroup)
			return true;
		css = BPF_CORE_READ(css, parent);
	}
	return false;
}

/* SONDE_TARGET_* of a process, or 0 if it is no target. */
static __always_inline __u8 filter_target_state(__u32 tgid)
{
	__u8 *state = bpf_map_lookup_elem(&filter_tgids, &tgid);

	return state ? *state : 0;
}

static __always_inline __u32 filter_cached_state(struct filter_cache *cache, __u32 tgid)
{
	__u64 key = (__u64)tgid << 32 | (filter_epoch & 0xffffff) << 8;
	__u64 word = *(volatile __u64 *)&cache->word;

	if (word >> 8 != key >> 8) {
		word = key | filter_target_state(tgid);
		*(volatile __u64 *)&cache->word = word;
	}
	return word & 0xff;
}

/* What is left to check once the process is a target. */
static __always_inline bool filter_passes_rest(struct task_struct *task)
{
	if (filter_by_comm && !filter_comm_passes(task))
		return false;
	return !filter_cgroup || filter_cgroup_passes(task);
}

/* Whether the task, whose process is `tgid`, is one to trace. */
static __always_inline bool filter_passes(struct task_struct *task, __u32 tgid)
{
	if (filter_by_tgid && filter_target_state(tgid) != SONDE_TARGET_TRACED)
		return false;
	return filter_passes_rest(task);
}

/* Attached only to follow children (-- COMMAND). Runs in the parent, before the child runs. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(filter_follow_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_tgid = filter_tgid_of(parent);
	__u32 child_tgid = filter_tgid_of(child);
	__u8 traced = SONDE_TARGET_TRACED;

	if (parent_tgid == child_tgid || filter_target_state(parent_tgid) != SONDE_TARGET_TRACED)
		return 0;
	if (bpf_map_update_elem(&filter_tgids, &child_tgid, &traced, BPF_ANY))
		__sync_fetch_and_add(&filter_children_missed, 1);
	__sync_fetch_and_add(&filter_epoch, 1);
	return 0;
}

/* Attached only for a launcher: what it runs is the target. Runs within execve(), once there is no
 * way back. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(filter_begin_at_exec, struct task_struct *task)
{
	__u32 tgid = filter_tgid_of(task);
	__u8 traced = SONDE_TARGET_TRACED;

	if (filter_target_state(tgid) != SONDE_TARGET_AWAITS_EXEC)
		return 0;
	bpf_map_update_elem(&filter_tgids, &tgid, &traced, BPF_ANY);
	__sync_fetch_and_add(&filter_epoch, 1);
	return 0;
}

/* A number that is free again must not bring a stranger into the trace. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(filter_forget_exit, struct task_struct *task)
{
	__u32 tgid;

	/* do_exit() has decremented `live` before this tracepoint: 0 in the last thread. */
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	tgid = filter_tgid_of(task);
	if (!bpf_map_delete_elem(&filter_tgids, &tgid))
		__sync_fetch_and_add(&filter_epoch, 1);
	return 0;
}

#endif
