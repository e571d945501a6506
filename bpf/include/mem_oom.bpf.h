/* SPDX-License-Identifier: GPL-2.0-only */
/* Why the kernel kills for want of memory: who dies, who asked for memory, which limit was met. */
#ifndef SONDE_MEM_OOM_BPF_H
#define SONDE_MEM_OOM_BPF_H

#include "mem_faults.bpf.h"

#define OOM_MAX_LEVELS 16
/* Pages that a charge which found no room may have wanted: a huge page. */
#define OOM_CHARGE 512

const volatile __s32 mem_oom_subsystem = -1; /* of the memory controller; -1: the kernel has none */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} mem_ooms SEC(".maps");

volatile __u64 mem_ooms_lost = 0;

/* The group whose limit is met; of several the innermost. None: the machine has no memory left. */
static __always_inline void oom_find_limit(struct task_struct *victim, struct sonde_oom_record *out)
{
	struct css_set *set = BPF_CORE_READ(victim, cgroups);
	struct cgroup_subsys_state *css = NULL;

	if (mem_oom_subsystem < 0)
		return;
	bpf_core_read(&css, sizeof(css),
		      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
			  mem_oom_subsystem * sizeof(void *));
	for (int level = 0; level < OOM_MAX_LEVELS && css; level++) {
		struct mem_cgroup *group =
		    (void *)css - bpf_core_field_offset(struct mem_cgroup, css);
		__u64 usage = BPF_CORE_READ(group, memory.usage.counter);
		__u64 limit = BPF_CORE_READ(group, memory.max);

		if (usage + OOM_CHARGE >= limit) {
			out->usage_pages = usage;
			out->limit_pages = limit;
			bpf_probe_read_kernel_str(out->cgroup, sizeof(out->cgroup),
						  BPF_CORE_READ(css, cgroup, kn, name));
			return;
		}
		css = BPF_CORE_READ(css, parent);
	}
}

static __always_inline void oom_describe(struct task_struct *victim, struct sonde_oom_record *out)
{
	struct mm_struct *mm = BPF_CORE_READ(victim, mm);
	__u64 key = (__u64)mm;
	struct mem_space *space = bpf_map_lookup_elem(&mem_spaces, &key);
	struct task_struct *asker = filter_current();

	out->header.kind = SONDE_RECORD_OOM;
	out->header.version = SONDE_WIRE_VERSION;
	out->header.length = sizeof(*out);
	out->header.time_ns = bpf_ktime_get_ns();
	out->victim = filter_tgid_of(victim);
	out->asker = filter_tgid_of(asker);
	BPF_CORE_READ_STR_INTO(&out->victim_comm, victim, group_leader, comm);
	BPF_CORE_READ_STR_INTO(&out->asker_comm, asker, group_leader, comm);
	out->score_adjustment = BPF_CORE_READ(victim, signal, oom_score_adj);
	if (mm) {
		mem_rss_total(mm, out->pages);
		out->total_pages = BPF_CORE_READ(mm, total_vm);
	}
	if (space)
		out->last_growth = space->last_growth;
	oom_find_limit(victim, out);
}

static __always_inline int oom_mark(struct task_struct *victim)
{
	struct sonde_oom_record *out;

	if (sonde_gate == SONDE_GATE_CLOSED)
		return 0;
	out = bpf_ringbuf_reserve(&mem_ooms, sizeof(*out), 0);
	if (!out) {
		__sync_fetch_and_add(&mem_ooms_lost, 1);
		return 0;
	}
	__builtin_memset(out, 0, sizeof(*out));
	oom_describe(victim, out);
	bpf_ringbuf_submit(out, 0);
	return 0;
}

/* 72ba14deb40a ("mm: update mark_victim tracepoints fields") in 6.8; before, it told a number. */
SEC("?raw_tp/mark_victim")
int BPF_PROG(mem_oom, struct task_struct *victim)
{
	return oom_mark(victim);
}

#endif
