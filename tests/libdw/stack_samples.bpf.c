// SPDX-License-Identifier: GPL-2.0-only
/* Each sample of one process as the kernel's unwinder sees it, with the registers and the stack. */
#include "../../bpf/include/kernel_types.bpf.h"
#include "../../bpf/include/stack_dump.bpf.h"
#include "stack_sample.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 target_tgid = 0;

/* Samples that met a file without a table: their stacks are not the kernel's. */
volatile __u64 samples_missed = 0;
volatile __u64 samples_lost = 0;

struct sample_buffer {
  struct stack_sample sample;
  __u8 bytes[SONDE_MAX_UNWOUND_FRAMES * sizeof(__u64) + SAMPLE_STACK_BYTES + DUMP_PAGE];
};

/* By CPU; a per-CPU map could not hold as much. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1); /* set by user space */
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(struct sample_buffer));
} sample_buffers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 64 << 20);
} stack_samples SEC(".maps");

/* How much of the stack was read, from rsp on. */
static __always_inline __u64 copy_stack(struct sample_buffer* out, __u64 from, __u64 sp) {
  __u64 done = 0;

  for (int i = 0; i <= SAMPLE_STACK_BYTES / DUMP_PAGE; i++) {
    __u64 length = DUMP_PAGE - ((sp + done) & (DUMP_PAGE - 1));
    __u64 at = from + done;

    asm volatile("" : "+r"(length), "+r"(at));
    if (at > sizeof(out->bytes) - DUMP_PAGE || length > DUMP_PAGE) break;
    asm volatile("" : "+r"(at));
    if (bpf_probe_read_user(out->bytes + at, length, (void*)(sp + done))) break;
    done += length;
  }
  return done;
}

SEC("perf_event")
int take_stack_sample(void* ctx) {
  __u64 pid_tgid = bpf_get_current_pid_tgid(), frames_bytes, done;
  struct unwind_state* unwound;
  struct sonde_stack_dump dump;
  struct sample_buffer* out;
  __u32 cpu = bpf_get_smp_processor_id();

  if (pid_tgid >> 32 != target_tgid) return 0;
  out = bpf_map_lookup_elem(&sample_buffers, &cpu);
  unwound = unwind_user(target_tgid);
  if (!out || !unwound) return 0;
  if (unwound->missed) {
    __sync_fetch_and_add(&samples_missed, 1);
    return 0;
  }
  frames_bytes = unwound->frames_count * sizeof(__u64);
  asm volatile("" : "+r"(frames_bytes));
  if (frames_bytes > SONDE_MAX_UNWOUND_FRAMES * sizeof(__u64)) return 0;
  asm volatile("" : "+r"(frames_bytes));
  bpf_probe_read_kernel(out->bytes, frames_bytes, unwound->frames);
  dump_registers(&dump, unwound);
  bpf_probe_read_kernel(out->sample.registers, sizeof(out->sample.registers), dump.registers);
  out->sample.tid = (__u32)pid_tgid;
  out->sample.stop = unwound->stop;
  out->sample.frames_count = unwound->frames_count;
  done = copy_stack(out, frames_bytes, dump.registers[UNWIND_REGISTER_RSP]);
  out->sample.stack_bytes = done;
  done += frames_bytes + sizeof(out->sample);
  asm volatile("" : "+r"(done));
  if (done > sizeof(*out)) return 0;
  asm volatile("" : "+r"(done));
  if (bpf_ringbuf_output(&stack_samples, out, done, BPF_RB_NO_WAKEUP))
    __sync_fetch_and_add(&samples_lost, 1);
  return 0;
}
