/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unwinds the user stack of the current task by call frame information, without frame pointers. Any
 * program may call unwind_user(), whatever its type. x86-64, Linux 5.17 and later.
 */
#ifndef SONDE_UNWIND_BPF_H
#define SONDE_UNWIND_BPF_H

#include "kernel_compat.bpf.h"
#include "unwind_rules.bpf.h"
#include "../shared/stack_event.h"
#include <bpf/bpf_core_read.h>

/* A caller's frame is never further away: frame pointers of JIT code may be anything. */
#define UNWIND_LARGEST_FRAME (1 << 20)

#define UNWIND_GO_ON 0
#define UNWIND_STOP  1

/* arch/x86/include/asm/sigframe.h: where struct rt_sigframe keeps registers, from the ucontext on,
 * which is where rsp points once the handler has returned. */
#define SIGNAL_FRAME_RBP 120
#define SIGNAL_FRAME_RSP 160

static __always_inline bool unwind_read(struct unwind_state *s, __u64 address, __u64 *value)
{
	__u64 offset = address - s->window_start;

	if (offset <= (UNWIND_WINDOW_WORDS - 1) * 8 && !(offset & 7)) {
		*value = s->window[offset >> 3 & (UNWIND_WINDOW_WORDS - 1)];
		return true;
	}
	if (!(address & 7) && !bpf_probe_read_user(s->window, sizeof(s->window), (void *)address)) {
		s->window_start = address;
		*value = s->window[0];
		return true;
	}
	/* Near the end of a mapping, or not aligned. The failed read has cleared the window. */
	s->window_start = ~0ull;
	return !bpf_probe_read_user(value, sizeof(*value), (void *)address);
}

static __always_inline int unwind_stop(struct unwind_state *s, __u32 why)
{
	s->stop = why;
	return UNWIND_STOP;
}

static __always_inline bool load_bp(struct unwind_state *s)
{
	__u64 value;

	if (!s->bp_at)
		return true;
	if (!unwind_read(s, s->bp_at, &value))
		return false;
	s->bp = value;
	s->bp_at = 0;
	return true;
}

/* A register of the innermost frame, by its DWARF number. */
__noinline __u64 leaf_register(struct unwind_state *s, __u32 number)
{
	struct pt_regs *r;

	if (!s)
		return 0;
	r = (void *)s->registers;
	switch (number) {
	case 0:
		return BPF_CORE_READ(r, ax);
	case 1:
		return BPF_CORE_READ(r, dx);
	case 2:
		return BPF_CORE_READ(r, cx);
	case 3:
		return BPF_CORE_READ(r, bx);
	case 4:
		return BPF_CORE_READ(r, si);
	case 5:
		return BPF_CORE_READ(r, di);
	case 8:
		return BPF_CORE_READ(r, r8);
	case 9:
		return BPF_CORE_READ(r, r9);
	case 10:
		return BPF_CORE_READ(r, r10);
	case 11:
		return BPF_CORE_READ(r, r11);
	case 12:
		return BPF_CORE_READ(r, r12);
	case 13:
		return BPF_CORE_READ(r, r13);
	case 14:
		return BPF_CORE_READ(r, r14);
	case 15:
		return BPF_CORE_READ(r, r15);
	}
	return 0;
}

static __always_inline int go_to_caller(struct unwind_state *s, __u64 pc, __u64 sp)
{
	s->pc = pc;
	s->sp = sp;
	s->is_return = 1;
	return UNWIND_GO_ON;
}

/* `why` there is no rule; it is why the stack ends here if no frame pointer leads on. An rbp of 0
 * is how the System V ABI marks the outermost frame. */
static __always_inline int follow_frame_pointer(struct unwind_state *s, __u32 why)
{
	__u64 bp, caller_bp, caller_pc;

	if (!load_bp(s))
		return unwind_stop(s, why);
	bp = s->bp;
	if (!bp && s->fallback)
		return UNWIND_STOP;
	if (bp < s->sp || bp - s->sp > UNWIND_LARGEST_FRAME || bp & 7 ||
	    !unwind_read(s, bp, &caller_bp) || !unwind_read(s, bp + 8, &caller_pc))
		return unwind_stop(s, why);
	s->fallback = why;
	s->bp = caller_bp;
	return go_to_caller(s, caller_pc, bp + 16);
}

/* CPython's -X perf (3.12 and later) calls each function through a copy of code that keeps no frame
 * pointer: sub $8,%rsp; call *%rcx; add $8,%rsp; ret (Python/asm_trampoline.S). */
#define PYTHON_TRAMPOLINE                                                                          \
	0x8348d1ff08ec8348ull /* as far as 8 bytes go; it returns behind the sixth */

static __always_inline int in_python_trampoline(struct unwind_state *s)
{
	__u64 code;

	return s->is_return && !bpf_probe_read_user(&code, sizeof(code), (void *)(s->pc - 6)) &&
	       code == PYTHON_TRAMPOLINE;
}

static __always_inline int leave_signal_frame(struct unwind_state *s)
{
	__u64 next[2]; /* rsp, rip */

	if (bpf_probe_read_user(&s->bp, sizeof(s->bp), (void *)(s->sp + SIGNAL_FRAME_RBP)) ||
	    bpf_probe_read_user(next, sizeof(next), (void *)(s->sp + SIGNAL_FRAME_RSP)))
		return unwind_stop(s, SONDE_STACK_USER_FAILED);
	s->bp_at = 0;
	s->sp = next[0];
	s->pc = next[1];
	s->is_return = 0;
	return UNWIND_GO_ON;
}

static __always_inline int return_to(struct unwind_state *s, __u64 cfa)
{
	__u64 caller_pc;

	/* Only the innermost frame may have no stack of its own. */
	if (cfa <= s->sp && s->frames_count > 1)
		return unwind_stop(s, SONDE_STACK_USER_NO_CFI);
	if (!unwind_read(s, cfa - 8, &caller_pc))
		return unwind_stop(s, SONDE_STACK_USER_FAILED);
	return go_to_caller(s, caller_pc, cfa);
}

__noinline int apply_dictionary(struct unwind_state *s, __u32 index)
{
	struct unwind_dictionary_entry *entry = bpf_map_lookup_elem(&unwind_dictionary, &index);
	__u64 base, cfa, value;

	if (!s || !entry)
		return UNWIND_STOP;
	if (entry->cfa_base == UNWIND_REGISTER_RSP) {
		base = s->sp;
	} else if (entry->cfa_base == UNWIND_REGISTER_RBP) {
		if (!load_bp(s))
			return unwind_stop(s, SONDE_STACK_USER_FAILED);
		base = s->bp;
	} else if (s->frames_count == 1) {
		base = leaf_register(s, entry->cfa_base);
	} else {
		return unwind_stop(s, SONDE_STACK_USER_LOST_REGISTER);
	}
	cfa = base + entry->cfa_offset;
	if (entry->cfa_dereference) {
		if (!unwind_read(s, cfa, &value))
			return unwind_stop(s, SONDE_STACK_USER_FAILED);
		cfa = value + entry->cfa_add;
	}
	if (entry->rbp == UNWIND_SAVED_AT_CFA) {
		s->bp_at = cfa + entry->rbp_offset;
	} else if (entry->rbp == UNWIND_SAVED_AT_RBP) {
		if (!load_bp(s))
			return unwind_stop(s, SONDE_STACK_USER_FAILED);
		s->bp_at = s->bp + entry->rbp_offset;
	} else if (entry->rbp == UNWIND_SAVED_UNDEFINED) {
		s->bp = 0;
		s->bp_at = 0;
	}
	if (entry->return_at == UNWIND_SAVED_IN) {
		if (s->frames_count != 1)
			return unwind_stop(s, SONDE_STACK_USER_LOST_REGISTER);
		return go_to_caller(s, leaf_register(s, entry->return_offset), cfa);
	}
	if (!unwind_read(s, cfa + entry->return_offset, &value))
		return unwind_stop(s, SONDE_STACK_USER_FAILED);
	if (cfa <= s->sp && s->frames_count > 1)
		return unwind_stop(s, SONDE_STACK_USER_NO_CFI);
	return go_to_caller(s, value, cfa);
}

static __always_inline int apply_code(struct unwind_state *s, __u32 code)
{
	__u64 cfa;

	if (code == UNWIND_CODE_END)
		return UNWIND_STOP;
	if (code == UNWIND_CODE_NO_CFI)
		return follow_frame_pointer(s, SONDE_STACK_USER_NO_CFI);
	if (code == UNWIND_CODE_SIGNAL)
		return leave_signal_frame(s);
	if (code >= UNWIND_CODE_DICTIONARY)
		return apply_dictionary(s, code - UNWIND_CODE_DICTIONARY) ? UNWIND_STOP
									  : UNWIND_GO_ON;
	cfa = s->sp + 8;
	if ((s->pc & 15) >= (code & 15))
		cfa += 8;
	return return_to(s, cfa);
}

static __always_inline int apply_rule(struct unwind_state *s, __u32 rule)
{
	__u32 saved = rule & UNWIND_RBP_MASK;
	__u64 cfa = s->sp;

	if (rule >= UNWIND_RULE_SPECIAL)
		return apply_code(s, rule & UNWIND_CODE_MASK);
	if (rule & UNWIND_RULE_RBP) {
		if (!load_bp(s))
			return unwind_stop(s, SONDE_STACK_USER_FAILED);
		cfa = s->bp;
	}
	cfa += (rule >> UNWIND_CFA_SHIFT & UNWIND_CODE_MASK) * 8;
	if (saved == UNWIND_RBP_UNDEFINED) {
		s->bp = 0;
		s->bp_at = 0;
	} else if (saved != UNWIND_RBP_SAME) {
		s->bp_at = cfa - 8 * (saved + 1);
	}
	return return_to(s, cfa);
}

static long unwind_step(__u32 index, void *context)
{
	struct unwind_state *s = *(struct unwind_state **)context;
	__u64 pc, frame_delta = 0, frame;
	__u32 rule, n;

	if (!s)
		return UNWIND_STOP;
	pc = s->pc;
	n = s->frames_count;
	/* A thread's first function may be entered with a return address of 0. */
	if (!pc)
		return UNWIND_STOP;
	if (n >= SONDE_MAX_UNWOUND_FRAMES)
		return unwind_stop(s, SONDE_STACK_USER_DEPTH);
	rule = rule_of(s, pc - s->is_return, &frame_delta);
	if (rule == RULE_NO_MAPPING && n) {
		/* No code there: the caller's address was no such thing. */
		return unwind_stop(s, s->fallback ? s->fallback : SONDE_STACK_USER_NO_MAPPING);
	}
	frame = pc + frame_delta;
	s->frames[n & SONDE_MAX_UNWOUND_FRAMES] = frame;
	s->frames_count = n + 1;
	s->outside_files += !(frame & SONDE_FRAME_IN_FILE);
	s->hash = (s->hash ^ frame) * 0x9E3779B97F4A7C15ull;
	s->hash ^= s->hash >> 29;
	if (s->caller_pc) {
		pc = s->caller_pc;
		s->caller_pc = 0;
		return go_to_caller(s, pc, s->caller_sp);
	}
	switch (rule) {
	case RULE_NO_MAPPING:
	case RULE_NO_TABLE:
		return follow_frame_pointer(s, SONDE_STACK_USER_NO_MAPPING);
	case RULE_ANONYMOUS:
		if (in_python_trampoline(s))
			return return_to(s, s->sp + 16);
		return follow_frame_pointer(s, SONDE_STACK_USER_NO_CFI);
	}
	return apply_rule(s, rule);
}

/* 0 would be a cache entry that was never written. */
static __always_inline __u32 cache_generation(struct unwind_state *s, struct mm_struct *mm)
{
	struct unwind_process *process;
	/* Read back from memory it is a number; the verifier allows no arithmetic on the pointer.
	 */
	__u64 hash = *(volatile __u64 *)&s->mm >> 6 ^ (__u64)s->tgid << 32;
	__u32 epoch;

	hash = (hash ^ (__u64)s->exec_id << 32 ^ mappings_version(mm)) * 0x9E3779B97F4A7C15ull;
	if (finds_by_process(mm)) {
		process = process_of(s);
		if (process)
			hash = (hash ^ process->version) * 0x9E3779B97F4A7C15ull;
	}
	/* The epoch bounds how long a rule may be wrong where the version is not exact, and else
	 * how long a file may be in use before that is told again (enter_file()). */
	epoch = mappings_version_is_exact(mm) ? unwind_epoch / 8 : unwind_epoch;
	hash = (hash ^ (__u64)unwind_generation << 32 ^ epoch) * 0x9E3779B97F4A7C15ull;
	return (__u32)(hash >> 32) | 1;
}

/* For the next unwind_user() on this CPU, at a breakpoint in the head of a function: where that
 * returns to, and what rsp is then. rbp must still be the caller's. */
static __always_inline void unwind_from_head(__u64 return_to, __u64 sp)
{
	__u32 zero = 0;
	struct unwind_state *s = bpf_map_lookup_elem(&unwind_states, &zero);

	if (!s)
		return;
	s->caller_pc = return_to;
	s->caller_sp = sp;
}

/*
 * Unwinds the user stack of the current task. The state holds the frames until the next call on
 * this CPU; NULL if there is none: the task has no user memory, or is a 32-bit process. Members of
 * what the kernel's helpers return are read directly: a probe read of each would double the cost of
 * a short stack.
 */
static __always_inline struct unwind_state *unwind_user(__u32 tgid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	struct pt_regs *registers;
	__u32 zero = 0;
	struct unwind_state *s = bpf_map_lookup_elem(&unwind_states, &zero);

	if (!s || !mm || is_compat_process(task))
		return NULL;
	registers = (struct pt_regs *)bpf_task_pt_regs(task);
	s->registers = (__u64)registers;
	s->pc = registers->ip;
	s->sp = registers->sp;
	s->bp = registers->bp;
	s->bp_at = 0;
	s->is_return = 0;
	s->mm = (__u64)mm;
	s->hash = 0;
	s->here.start = 0;
	s->here.end = 0;
	s->here.frame_delta = 0;
	s->here.pages = 0;
	s->before.start = 0;
	s->before.end = 0;
	s->frames_count = 0;
	s->stop = 0;
	s->fallback = 0;
	s->cpu = bpf_get_smp_processor_id();
	s->tgid = tgid;
	s->exec_id = task->self_exec_id;
	s->here.mapping = MAPPING_NONE;
	s->missed = 0;
	s->outside_files = 0;
	s->window_start = ~0ull;
	s->generation = cache_generation(s, mm);
	bpf_loop(SONDE_MAX_UNWOUND_FRAMES + 1, unwind_step, &s, 0);
	return s;
}

#endif
