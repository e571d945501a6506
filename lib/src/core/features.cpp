#include "core/features.hpp"

#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::core {
namespace {

struct FeatureText {
  std::string_view name;
  std::string_view description;
  std::string_view fix;
};

/// What setcap_command() grants.
constexpr std::string_view kSetcap;

constexpr std::array<FeatureText, kFeatureCount> kTexts = {{
    {"btf", "kernel type information (/sys/kernel/btf/vmlinux)",
     "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y"},
    {"cap_bpf", "CAP_BPF: load BPF programs", kSetcap},
    {"cap_perfmon", "CAP_PERFMON: sample and trace every process", kSetcap},
    {"cap_sys_ptrace", "CAP_SYS_PTRACE: read other users' mappings for symbols", kSetcap},
    {"cap_checkpoint_restore", "CAP_CHECKPOINT_RESTORE: read deleted and container binaries",
     kSetcap},
    {"ring_buffer", "BPF ring buffer (5.8)", "boot Linux 5.8 or later"},
    {"hardware_cycles", "hardware cycle counter",
     "use a machine, or a virtual machine, with a PMU"},
    {"sideband", "kernel records of new mappings (PERF_RECORD_MMAP2)", kSetcap},
    {"kernel_lookup", "kernel symbols by bpf_snprintf (5.13)", "boot Linux 5.13 or later"},
    {"kallsyms", "kernel symbol addresses (CAP_SYSLOG)",
     "run with sudo, or grant CAP_SYSLOG and set kernel.kptr_restrict=0"},
    {"bpf_stats", "BPF run-time statistics (CAP_SYS_ADMIN)", "run with sudo (CAP_SYS_ADMIN)"},
    {"batch_lookup", "batched map reads (5.6)", "boot Linux 5.6 or later"},
    {"task_storage", "BPF memory of each thread (5.11)", "boot Linux 5.11 or later"},
    {"task_registers", "BPF access to a thread's saved registers (5.15)",
     "boot Linux 5.15 or later"},
    {"bpf_loop", "BPF loops of any length (5.17)", "boot Linux 5.17 or later"},
    {"maple_tree", "a process's mappings as a maple tree (6.1)", "boot Linux 6.1 or later"},
    {"uprobe_multi", "many breakpoints attached at once (6.6)", "boot Linux 6.6 or later"},
    {"uprobe_events", "breakpoints attached one by one (5.15)", "boot Linux 5.15 or later"},
    {"uprobe_session", "the return of a call watched only where it is wanted (6.13)",
     "boot Linux 6.13 or later"},
    {"socket_storage", "BPF memory of each socket (5.11)", "boot Linux 5.11 or later"},
    {"socket_lengths", "tracepoints of each send and receive (6.3)", "boot Linux 6.3 or later"},
    {"route_lookups", "tracepoints of route lookups (CONFIG_IPV6=y)",
     "boot a kernel with CONFIG_IPV6=y"},
    {"packet_pages", "all of a packet's payload at tracepoints (6.11)", "boot Linux 6.11 or later"},
    {"drop_reasons", "why packets are dropped (5.17)", "boot Linux 5.17 or later"},
    {"rss_stat", "tracepoint of changes of resident memory (5.5)", "boot Linux 5.8 or later"},
    {"exact_rss", "resident memory page by page (6.2)", "boot Linux 6.2 or later"},
    {"exit_mmap", "tracepoint of the end of an address space (6.1)", "boot Linux 6.1 or later"},
    {"mmap_lock", "tracepoint of changes of an address space (5.11)", "boot Linux 5.11 or later"},
    {"page_fault", "tracepoints of page faults (x86)", "use an x86 machine"},
    {"oom_victim", "tracepoint of kills for want of memory (6.8)", "boot Linux 6.8 or later"},
}};

}  // namespace

std::string_view name_of(Feature feature) noexcept {
  return kTexts[static_cast<std::size_t>(feature)].name;
}

std::string_view description_of(Feature feature) noexcept {
  return kTexts[static_cast<std::size_t>(feature)].description;
}

std::string_view fix_of(Feature feature) noexcept {
  return kTexts[static_cast<std::size_t>(feature)].fix;
}

Result<void> FeatureSet::disable(std::span<const std::string> names) {
  std::array<std::string_view, kFeatureCount> known_names;
  for (std::size_t i = 0; i < kFeatureCount; ++i)
    known_names[i] = kTexts[i].name;
  for (const std::string& name : names) {
    std::size_t index = 0;
    while (index < kFeatureCount && known_names[index] != name)
      ++index;
    if (index == kFeatureCount) {
      return fail(ErrorCode::ConfigError,
                  "unknown feature '" + name + "'" + did_you_mean(name, known_names),
                  "'sonde doctor' lists the features");
    }
    known_[index] = false;
  }
  return {};
}

bool FeatureSet::has(Feature feature) const noexcept {
  std::optional<bool>& known = known_[static_cast<std::size_t>(feature)];
  if (!known) known = probe_(feature);
  return *known;
}

}  // namespace sonde::core
