/* SPDX-License-Identifier: GPL-2.0-only */
/* Sends a stack to user space to be unwound there: registers, and memory from rsp on. */
#ifndef SONDE_STACK_DUMP_BPF_H
#define SONDE_STACK_DUMP_BPF_H

#include "stack.bpf.h"

#define DUMP_PAGE 4096

struct dump_buffer {
	struct sonde_stack_dump dump;
	/* Kernel frames, then the stack; a page more, so that an offset plus a page stays within.
	 */
	__u8 bytes[SONDE_MAX_FRAMES * sizeof(__u64) + SONDE_DUMP_STACK_BYTES + DUMP_PAGE];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct dump_buffer));
} dump_buffers SEC(".maps");

static __always_inline void dump_registers(struct sonde_stack_dump *dump,
					   const struct unwind_state *unwound)
{
	struct pt_regs *r = (void *)unwound->registers;
	__u64 *registers = dump->registers;

	registers[0] = BPF_CORE_READ(r, ax);
	registers[1] = BPF_CORE_READ(r, dx);
	registers[2] = BPF_CORE_READ(r, cx);
	registers[3] = BPF_CORE_READ(r, bx);
	registers[4] = BPF_CORE_READ(r, si);
	registers[5] = BPF_CORE_READ(r, di);
	registers[6] = BPF_CORE_READ(r, bp);
	registers[7] = BPF_CORE_READ(r, sp);
	registers[8] = BPF_CORE_READ(r, r8);
	registers[9] = BPF_CORE_READ(r, r9);
	registers[10] = BPF_CORE_READ(r, r10);
	registers[11] = BPF_CORE_READ(r, r11);
	registers[12] = BPF_CORE_READ(r, r12);
	registers[13] = BPF_CORE_READ(r, r13);
	registers[14] = BPF_CORE_READ(r, r14);
	registers[15] = BPF_CORE_READ(r, r15);
	registers[16] = BPF_CORE_READ(r, ip);
}

/*
 * Events that come in bursts, such as page faults, meet a file more often than user space can hold
 * copies of stacks before its table is made. What is sent is never dropped there, so that its key
 * gets a stack.
 */
static __always_inline bool may_send_dump(void)
{
	return unwind_dumps_sent - unwind_dumps_done < SONDE_MOST_DUMPS;
}

/* False if it was not sent. `buffer` holds the kernel frames; its key becomes that of this one
 * sample. */
static __always_inline bool send_stack_dump(struct stack_buffer *buffer,
					    const struct unwind_state *unwound)
{
	__u64 sp, done = 0, kernel_bytes = buffer->record.kernel_frames * sizeof(__u64);
	struct dump_buffer *out;
	__u32 zero = 0;

	if (!may_send_dump())
		return false;
	out = bpf_map_lookup_elem(&dump_buffers, &zero);
	if (!out)
		return false;
	asm volatile("" : "+r"(kernel_bytes));
	if (kernel_bytes > SONDE_MAX_FRAMES * sizeof(__u64))
		return false;
	asm volatile("" : "+r"(kernel_bytes));
	bpf_probe_read_kernel(out->bytes, kernel_bytes, buffer->frames);
	dump_registers(&out->dump, unwound);
	sp = out->dump.registers[UNWIND_REGISTER_RSP];
	/* Page by page: the stack may end soon, and not all of it is resident. The first piece ends
	 * with its page. */
	for (int i = 0; i <= SONDE_DUMP_STACK_BYTES / DUMP_PAGE; i++) {
		__u64 length = DUMP_PAGE - ((sp + done) & (DUMP_PAGE - 1));
		__u64 at = kernel_bytes + done;

		asm volatile("" : "+r"(length), "+r"(at));
		if (at > sizeof(out->bytes) - DUMP_PAGE || length > DUMP_PAGE)
			break;
		asm volatile("" : "+r"(at));
		if (bpf_probe_read_user(out->bytes + at, length, (void *)(sp + done)))
			break;
		done += length;
	}
	buffer->record.key =
	    stack_mix(bpf_ktime_get_ns(), (__u64)unwound->cpu << 32 | buffer->record.tid);
	out->dump.stack = buffer->record;
	out->dump.stack.flags &= SONDE_STACK_KERNEL_DEPTH;
	out->dump.stack.user_frames = 0;
	out->dump.stack.header.kind = SONDE_RECORD_STACK_DUMP;
	out->dump.stack.header.version = SONDE_WIRE_VERSION;
	out->dump.stack.header.time_ns = bpf_ktime_get_ns();
	out->dump.stack_bytes = done;
	done += kernel_bytes + sizeof(out->dump);
	asm volatile("" : "+r"(done));
	if (done > sizeof(*out))
		return false;
	asm volatile("" : "+r"(done));
	out->dump.stack.header.length = done;
	if (bpf_ringbuf_output(&unwind_misses, out, done, BPF_RB_FORCE_WAKEUP))
		return false;
	__sync_fetch_and_add(&unwind_dumps_sent, 1);
	return true;
}

#endif
