// What this kernel and these privileges offer. Probed lazily, cached, injectable, and each can be
// switched off.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde::core {

enum class Feature {
  btf,                     // /sys/kernel/btf/vmlinux: CO-RE and tp_btf programs
  cap_bpf,                 // CAP_BPF or CAP_SYS_ADMIN
  cap_perfmon,             // CAP_PERFMON or CAP_SYS_ADMIN
  cap_sys_ptrace,          // other users' /proc/PID/maps and root
  cap_checkpoint_restore,  // /proc/PID/map_files; CAP_SYS_ADMIN will do
  ring_buffer,             // BPF_MAP_TYPE_RINGBUF, 5.8
  hardware_cycles,         // a PMU that counts cycles and interrupts
  sideband,                // PERF_RECORD_MMAP2 of every process
  kernel_lookup,           // bpf_snprintf: names of kernel addresses, 5.13
  kallsyms,                // /proc/kallsyms with addresses
  bpf_stats,               // BPF_ENABLE_STATS, 5.8, CAP_SYS_ADMIN
  batch_lookup,            // BPF_MAP_LOOKUP_BATCH, 5.6
  task_storage,            // BPF_MAP_TYPE_TASK_STORAGE in tracing programs, 5.11
  task_registers,          // bpf_task_pt_regs(), 5.15
  bpf_loop,                // bpf_loop(), 5.17
  maple_tree,              // mm_struct::mm_mt: mappings as a maple tree, 6.1
  uprobe_multi,            // many breakpoints as one link, 6.6
  uprobe_events,           // breakpoints one by one, as perf events with a cookie, 5.15
  uprobe_session,          // both ends of a call, the return only where it is wanted, 6.13
  socket_storage,          // BPF_MAP_TYPE_SK_STORAGE in tracing programs, 5.11
  socket_lengths,          // tracepoints of what sends and receives give, 6.3
  route_lookups,           // tracepoints of route lookups, of IPv6 only where it is no module
  packet_pages,            // bpf_dynptr_from_skb() at tracepoints, 6.11
  drop_reasons,            // why packets are dropped, 5.17
  rss_stat,                // tracepoint of every change of a process's resident memory, 5.5
  exact_rss,               // the parts of those counters that CPUs keep to themselves, 6.2
  exit_mmap,               // tracepoint of the end of an address space, 6.1
  mmap_lock,               // tracepoint of changes of an address space, 5.11
  page_fault,              // tracepoints of page faults; not every architecture has them
  oom_victim,              // tracepoint of kills for want of memory tells the task, 6.8
};
inline constexpr std::size_t kFeatureCount = static_cast<std::size_t>(Feature::oom_victim) + 1;

std::string_view name_of(Feature feature) noexcept;
/// What it gives, in a few words.
std::string_view description_of(Feature feature) noexcept;
/// What the user can do where it is absent, such as "boot Linux 5.13 or later"; empty where it
/// takes the capabilities of setcap_command() (kernel_error.hpp).
std::string_view fix_of(Feature feature) noexcept;

/// Asks the running kernel: a few system calls, nothing left behind.
bool probe_kernel(Feature feature) noexcept;

/// Cheap to copy; not thread-safe.
class FeatureSet {
 public:
  using Probe = bool (*)(Feature) noexcept;
  explicit FeatureSet(Probe probe = probe_kernel) noexcept : probe_(probe) {}

  /// Treats features as absent. ConfigError with a did-you-mean for an unknown name.
  Result<void> disable(std::span<const std::string> names);

  bool has(Feature feature) const noexcept;

 private:
  Probe probe_;
  mutable std::array<std::optional<bool>, kFeatureCount> known_;
};

}  // namespace sonde::core
