/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel structures and members that sonde reads, and no others: this file is the list of what
 * it depends on. Offsets come from the running kernel's BTF at load time (CO-RE), so the order and
 * the gaps here mean nothing.
 */
#ifndef SONDE_KERNEL_TYPES_BPF_H
#define SONDE_KERNEL_TYPES_BPF_H

#include <linux/bpf.h>
#include <linux/types.h>

#ifndef __cplusplus
typedef _Bool bool;
#define true 1
#define false 0
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp; /* in the v2 hierarchy */
	struct cgroup_subsys_state *subsys[1];
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
};

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct signal_struct *signal;
	struct css_set *cgroups;
	void *mm;	    /* NULL in kernel threads */
	__u64 self_exec_id; /* program images run so far; 64 bits wide since 5.7 */
};

#pragma clang attribute pop

#endif
