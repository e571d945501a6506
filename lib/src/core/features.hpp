// What this kernel and these privileges offer. Probed lazily, cached, injectable, and each can be switched off.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde::core {

enum class Feature {
  btf,              // /sys/kernel/btf/vmlinux: CO-RE and tp_btf programs
  cap_bpf,          // CAP_BPF (or CAP_SYS_ADMIN)
  cap_perfmon,      // CAP_PERFMON (or CAP_SYS_ADMIN)
  cap_sys_admin,    // BPF_ENABLE_STATS, /proc/PID/map_files
  cap_syslog,       // kernel symbol addresses
  cap_sys_ptrace,   // other users' /proc/PID/maps and root
  ring_buffer,      // BPF_MAP_TYPE_RINGBUF (5.8)
  perf_link,        // BPF_LINK_CREATE for perf events (5.15); before it PERF_EVENT_IOC_SET_BPF
  hardware_cycles,  // a PMU that counts cycles and interrupts
  sideband,         // PERF_RECORD_MMAP2 for every process
  kallsyms,         // /proc/kallsyms with addresses
  bpf_stats,        // BPF_ENABLE_STATS (5.8)
  batch_lookup,     // BPF_MAP_LOOKUP_BATCH on hash maps (5.6)
  cgroup2,          // a mounted cgroup v2 hierarchy
};
inline constexpr std::size_t kFeatureCount = static_cast<std::size_t>(Feature::cgroup2) + 1;

std::string_view name_of(Feature feature) noexcept;
/// What it gives, for `sonde doctor`.
std::string_view description_of(Feature feature) noexcept;

/// Asks the running kernel; one call is one or two system calls and leaves nothing behind.
bool probe_kernel(Feature feature) noexcept;

class FeatureSet {
 public:
  using Probe = bool (*)(Feature) noexcept;
  explicit FeatureSet(Probe probe = probe_kernel) noexcept : probe_(probe) {}

  /// Treats a feature as absent. ConfigError with a did-you-mean for an unknown name.
  Result<void> disable(std::string_view name);
  Result<void> disable(std::span<const std::string> names);

  bool has(Feature feature) const noexcept;

 private:
  Probe probe_;
  mutable std::array<std::optional<bool>, kFeatureCount> known_;
};

}  // namespace sonde::core
