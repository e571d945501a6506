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
	const char *name;
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

typedef struct {
	long counter;
} atomic_long_t;

struct signal_struct {
	atomic_t live;
	short oom_score_adj;
};

struct thread_info {
	unsigned long flags; /* TIF_* */
	__u32 status;	     /* x86: TS_* */
};

/* The registers of user mode, as they are saved on entry to the kernel. */
#ifdef __TARGET_ARCH_x86
#define PTRACE_CS_OFFSET 136 /* arch/x86/include/uapi/asm/ptrace.h */

struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax; /* number of the call; -1 outside of one */
	unsigned long ip;
	unsigned long sp;
};

typedef struct {
	void *vdso;
} mm_context_t;
#endif

struct hlist_bl_node {
	struct hlist_bl_node **pprev; /* NULL: in no list */
};

struct qstr {
	__u64 hash_len;
	const unsigned char *name;
};

struct super_block {
	unsigned int s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data; /* of a socket: its struct socket */
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
};

struct in6_addr {
	__u8 in6_u[16];
};

struct fib6_info;

struct netns_ipv6 {
	struct fib6_info *fib6_null_entry; /* what a lookup finds that finds nothing */
};

struct net {
	struct ns_common ns;
	struct netns_ipv6 ipv6;
};

struct nsproxy {
	struct net *net_ns;
};

struct flowi_common {
	__u8 flowic_proto;
};

union flowi_uli {
	struct {
		__be16 dport;
		__be16 sport;
	} ports;
};

struct flowi4 {
	struct flowi_common __fl_common;
	__be32 daddr;
	union flowi_uli uli;
};

struct fib_nh_common;

struct fib6_result {
	struct fib6_info *f6i;
	__u32 fib6_flags; /* RTF_* */
	__u8 fib6_type;	  /* RTN_* */
};

struct fib6_table {
	__u32 tb6_id;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num; /* the local port, in the order of the CPU */
	unsigned short skc_family;
	volatile unsigned char skc_state; /* TCP_* */
	unsigned long skc_flags;	  /* bits SOCK_* */
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	atomic_t sk_drops;
	int sk_err;
	int sk_err_soft;
	struct socket *sk_socket;
	__u16 sk_protocol;
	__u16 sk_type;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
};

struct flowi6 {
	struct flowi_common __fl_common;
	struct in6_addr daddr;
	struct in6_addr saddr;
	union flowi_uli uli;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct minmax_sample {
	__u32 v;
};

struct minmax {
	struct minmax_sample s[3];
};

struct tcp_sock {
	__u32 snd_cwnd;
	__u32 copied_seq;
	__u32 write_seq;
	__u32 rcv_nxt;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 srtt_us; /* 8 times the smoothed round-trip time */
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u64 bytes_received;
	__u64 bytes_acked;
	__u32 segs_in;
	__u32 segs_out;
	__u32 total_retrans;
	struct minmax rtt_min;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sockaddr_un {
	char sun_path[108];
};

struct unix_address {
	int len; /* of the sa_family_t and the path */
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};

struct netlink_sock {
	struct sock sk;
	__u32 portid;
};

struct net_device {
	int ifindex;
	possible_net_t nd_net;
	char name[16];
};

struct sk_buff {
	struct net_device *dev;
	struct sock *sk; /* of the process that sends it; NULL where it is received or forwarded */
	unsigned int len;
	unsigned int data_len; /* of that, what is in pages */
	__be16 protocol;
	__u16 network_header; /* offset from `head` */
	unsigned char *head;
	unsigned char *data;
};

struct io_kiocb {
	__u8 opcode;
};

struct io_uring_cqe {
	__s32 res;
	__u32 flags;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct maple_tree {
	void *ma_root;
};

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

struct page_counter {
	atomic_long_t usage; /* pages */
	unsigned long max;
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
};

struct kmem_cache {
	unsigned int size;
	const char *name;
};

struct page;

struct bpf_array {
	void *pptrs[1]; /* of a per-CPU array */
};

struct percpu_counter {
	__s64 count;
	__s32 *counters; /* one of each CPU */
};

struct xol_area {
	unsigned long vaddr; /* where the kernel's own code for breakpoints begins */
};

struct uprobes_state {
	struct xol_area *xol_area;
};

struct mm_struct {
	struct percpu_counter rss_stat[4]; /* MM_*; since 6.2: kernel_compat.bpf.h */
	unsigned long total_vm;		   /* pages */
	struct maple_tree mm_mt;	   /* since 6.1 */
	seqcount_t mm_lock_seq;		   /* since 6.4: kernel_compat.bpf.h */
	int map_count;
	unsigned long exec_vm;
	mm_context_t context;
	struct uprobes_state uprobes_state;
	struct task_struct *owner; /* with CONFIG_MEMCG */
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_pgoff;
	struct mm_struct *vm_mm;
	struct file *vm_file;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state; /* since 5.14: kernel_compat.bpf.h */
	unsigned int flags;   /* PF_* */
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct files_struct *files;
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	unsigned long nvcsw;  /* how often it left its CPU of its own accord ... */
	unsigned long nivcsw; /* ... and how often it was made to */
	struct mm_struct *mm; /* NULL in kernel threads */
	int pagefault_disabled;
	__u64 self_exec_id; /* program images run so far; 64 bits wide since 5.7 */
};

#pragma clang attribute pop

#endif
