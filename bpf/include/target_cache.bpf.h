/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a process is a target, remembered by each CPU for the process that it runs. */
#ifndef SONDE_TARGET_CACHE_BPF_H
#define SONDE_TARGET_CACHE_BPF_H

#include "filter.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_cache);
} target_cache SEC(".maps");

/* SONDE_TARGET_* of a process, or 0 if it is no target. */
static __always_inline __u32 target_state(__u32 tgid)
{
	__u32 zero = 0;
	struct filter_cache *cache;

	if (!filter_by_tgid)
		return SONDE_TARGET_TRACED;
	cache = bpf_map_lookup_elem(&target_cache, &zero);
	return cache ? filter_cached_state(cache, tgid) : 0;
}

#endif
