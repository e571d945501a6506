/* SPDX-License-Identifier: GPL-2.0-only */
/* What the architecture says about a system call: its ABI, number, arguments. */
#ifndef SONDE_CALL_BPF_H
#define SONDE_CALL_BPF_H

#include "kernel_types.bpf.h"
#include "../shared/syscall_event.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Calls that need more than counting. */
enum call_role {
	CALL_ORDINARY,
	CALL_FORKS, /* returns in the child, too, with 0 */
	CALL_EXEC,
	CALL_EXITS,	/* never returns */
	CALL_SIGRETURN, /* its result is a register of the interrupted code */
};

#ifdef __TARGET_ARCH_x86

#define TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h */

/* `task` is a trusted pointer. */
static __always_inline __u8 call_abi(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT ? SONDE_ABI_COMPAT : SONDE_ABI_NATIVE;
}

/* sigreturn overwrites the saved number with -1 (restore_sigcontext() in
 * arch/x86/kernel/signal_*.c). */
#define CALL_SIGRETURN_NUMBER(abi) ((abi) == SONDE_ABI_COMPAT ? 173 : 15)

static __always_inline enum call_role call_role(__u8 abi, __u32 number)
{
	if (abi == SONDE_ABI_NATIVE) {
		switch (number) {
		case 56:  /* clone */
		case 57:  /* fork */
		case 58:  /* vfork */
		case 435: /* clone3 */
			return CALL_FORKS;
		case 59:  /* execve */
		case 322: /* execveat */
			return CALL_EXEC;
		case 60:  /* exit */
		case 231: /* exit_group */
			return CALL_EXITS;
		case 15: /* rt_sigreturn */
			return CALL_SIGRETURN;
		}
		return CALL_ORDINARY;
	}
	switch (number) {
	case 2:	  /* fork */
	case 120: /* clone */
	case 190: /* vfork */
	case 435: /* clone3 */
		return CALL_FORKS;
	case 11:  /* execve */
	case 358: /* execveat */
		return CALL_EXEC;
	case 1:	  /* exit */
	case 252: /* exit_group */
		return CALL_EXITS;
	case 119: /* sigreturn */
	case 173: /* rt_sigreturn */
		return CALL_SIGRETURN;
	}
	return CALL_ORDINARY;
}

/* `regs` is a trusted pointer: of a tp_btf program. */
static __always_inline void call_arguments(struct pt_regs *regs, __u8 abi, __u64 *args)
{
	if (abi == SONDE_ABI_NATIVE) {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
		return;
	}
	args[0] = (__u32)regs->bx;
	args[1] = (__u32)regs->cx;
	args[2] = (__u32)regs->dx;
	args[3] = (__u32)regs->si;
	args[4] = (__u32)regs->di;
	args[5] = (__u32)regs->bp;
}

/* The same for registers that a helper must read. */
static __always_inline void call_saved_arguments(struct pt_regs *regs, __u8 abi, __u64 *args)
{
	args[0] =
	    abi == SONDE_ABI_NATIVE ? BPF_CORE_READ(regs, di) : (__u32)BPF_CORE_READ(regs, bx);
	args[1] =
	    abi == SONDE_ABI_NATIVE ? BPF_CORE_READ(regs, si) : (__u32)BPF_CORE_READ(regs, cx);
	args[2] =
	    abi == SONDE_ABI_NATIVE ? BPF_CORE_READ(regs, dx) : (__u32)BPF_CORE_READ(regs, dx);
	args[3] =
	    abi == SONDE_ABI_NATIVE ? BPF_CORE_READ(regs, r10) : (__u32)BPF_CORE_READ(regs, si);
	args[4] =
	    abi == SONDE_ABI_NATIVE ? BPF_CORE_READ(regs, r8) : (__u32)BPF_CORE_READ(regs, di);
	args[5] =
	    abi == SONDE_ABI_NATIVE ? BPF_CORE_READ(regs, r9) : (__u32)BPF_CORE_READ(regs, bp);
}

static __always_inline __s32 call_number(struct pt_regs *regs)
{
	return (__s32)regs->orig_ax;
}

#else
#error "call.bpf.h does not know this architecture"
#endif

#endif
