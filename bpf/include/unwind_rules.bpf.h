/* SPDX-License-Identifier: GPL-2.0-only */
/* The unwind rule of an address: from the tables, through a cache for each CPU. */
#ifndef SONDE_UNWIND_RULES_BPF_H
#define SONDE_UNWIND_RULES_BPF_H

#include "unwind_mapping.bpf.h"

#define RULE_CACHE_BITS 12

struct cached_rule {
	__u64 tag; /* rule_tag() */
	__u64 frame_delta;
	__u32 rule;
	__u32 generation;
};

struct rule_cache {
	struct cached_rule rules[1 << RULE_CACHE_BITS];
};

/* By CPU, and no per-CPU map: their values are limited to 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set by user space */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct rule_cache));
} unwind_rule_caches SEC(".maps");

/* Rules that no table holds: why there is none. */
#define RULE_NO_MAPPING 0x100000
#define RULE_ANONYMOUS	0x100001
#define RULE_NO_TABLE	0x100002

static __always_inline __u32 *unwind_chunk(__u32 word)
{
	__u32 index = word >> UNWIND_CHUNK_BITS, zero = 0;
	void *chunk = bpf_map_lookup_elem(&unwind_chunks, &index);

	return chunk ? bpf_map_lookup_elem(chunk, &zero) : NULL;
}

/* The rule of the last row at or before the address, among the sorted rows of its page. */
static __always_inline __u32 look_up_rule(struct unwind_state *s, __u64 pc)
{
	const __u32 no_cfi = UNWIND_RULE_SPECIAL | UNWIND_CODE_NO_CFI;
	__u64 address = pc + s->here.address_delta;
	__u32 page = (__u32)(address >> UNWIND_PAGE_BITS) - s->here.first_page;
	__u32 word, first, rows, offset, key, *chunk;

	if (page >= s->here.pages)
		return no_cfi;
	word = s->here.index + 2 * page;
	chunk = unwind_chunk(word);
	if (!chunk)
		return no_cfi;
	/* The index of a file begins at an even word. */
	word &= UNWIND_CHUNK_WORDS - 2;
	first = chunk[word];
	rows = chunk[word + 1];
	chunk = unwind_chunk(first);
	if (!chunk || !rows)
		return no_cfi;
	offset = first & (UNWIND_CHUNK_WORDS - 1);
	key = (__u32)address << UNWIND_RULE_BITS | UNWIND_RULE_MASK;
	/* A page of code has 4096 rows at most. No branch on what was read: the verifier would
	 * follow both ways at every step. */
	for (int i = 0; i < UNWIND_PAGE_BITS; i++) {
		__u32 half = rows >> 1;
		__u32 row = chunk[(offset + half) & (UNWIND_CHUNK_WORDS - 1)];
		__u32 above = (__u32)(((__s64)(__u64)key - (__s64)(__u64)row) >> 63);

		asm volatile("" : "+r"(above));
		offset += half & ~above;
		rows -= half;
	}
	return chunk[offset & (UNWIND_CHUNK_WORDS - 1)] & UNWIND_RULE_MASK;
}

static __always_inline bool place_holds(const struct unwind_place *place, __u64 pc)
{
	return pc >= place->start && pc < place->end;
}

/* Exchanges the two word by word: programs that unwind have little of their stack left. */
static __always_inline void go_to_place_of(struct unwind_state *s, __u64 pc)
{
	__u64 *here = (__u64 *)&s->here, *before = (__u64 *)&s->before;

	if (place_holds(&s->here, pc))
		return;
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < sizeof(s->here) / sizeof(*here); i++) {
		__u64 word = here[i];

		here[i] = before[i];
		before[i] = word;
	}
	if (!place_holds(&s->here, pc))
		s->here.mapping = find_mapping(s, pc);
}

__noinline __u32 find_rule(struct unwind_state *s, __u64 pc)
{
	if (!s)
		return RULE_NO_MAPPING;
	go_to_place_of(s, pc);
	switch (s->here.mapping) {
	case MAPPING_TABLE:
		/* The same place of the same file has the same rule. */
		if (s->remembered_delta == s->here.frame_delta)
			return s->remembered_rule;
		return look_up_rule(s, pc);
	case MAPPING_NO_TABLE:
		return RULE_NO_TABLE;
	case MAPPING_ANONYMOUS:
		return RULE_ANONYMOUS;
	}
	return RULE_NO_MAPPING;
}

static __always_inline struct cached_rule *cache_slot(struct unwind_state *s, __u64 pc)
{
	__u32 slot = (pc * 0x9E3779B97F4A7C15ull) >> (64 - RULE_CACHE_BITS);
	struct rule_cache *cache = bpf_map_lookup_elem(&unwind_rule_caches, &s->cpu);

	return cache ? &cache->rules[slot & ((1 << RULE_CACHE_BITS) - 1)] : NULL;
}

/* User addresses have 47 bits: with the number of tables taken out, so that no rule of such a table
 * is used again. */
static __always_inline __u64 rule_tag(__u64 pc)
{
	return pc ^ (__u64)unwind_generation << 48;
}

/* The rule for pc; *frame_delta is what makes a frame of it. */
static __always_inline __u32 rule_of(struct unwind_state *s, __u64 pc, __u64 *frame_delta)
{
	struct cached_rule *cached = cache_slot(s, pc);
	__u64 tag = rule_tag(pc);
	__u32 rule;

	if (!cached)
		return RULE_NO_MAPPING;
	s->remembered_delta = 0;
	if (cached->tag == tag) {
		if (cached->generation == s->generation) {
			*frame_delta = cached->frame_delta;
			return cached->rule;
		}
		s->remembered_delta = cached->frame_delta;
		s->remembered_rule = cached->rule;
	}
	rule = find_rule(s, pc);
	*frame_delta = s->here.frame_delta;
	if (rule != RULE_NO_MAPPING && rule != RULE_NO_TABLE) {
		cached->tag = tag;
		cached->frame_delta = s->here.frame_delta;
		cached->rule = rule;
		cached->generation = s->generation;
	}
	return rule;
}

#endif
