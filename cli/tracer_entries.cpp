#include "tracer_entries.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <sonde/cpu_profiler.hpp>
#include <sonde/memory_tracer.hpp>
#include <sonde/network_tracer.hpp>
#include <sonde/syscall_tracer.hpp>

#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::cli {
namespace {

class NetSession final : public TracerSession<EbpfNetworkTracer> {
 public:
  using TracerSession::TracerSession;
  std::vector<Table> live() override { return tracer_.take_rows(); }
};

class SyscallSession final : public TracerSession<EbpfSyscallTracer> {
 public:
  using TracerSession::TracerSession;
  std::vector<Table> live() override { return {call_table(tracer_.take_events())}; }
};

TracerEntry cpu_entry(const EbpfConfig&) {
  return tracer_entry<TracerSession<EbpfCpuProfiler>>("cpu");
}

TracerEntry net_entry(const EbpfConfig& config) {
  auto entry = tracer_entry<NetSession>("net");
  entry.live = config.network.events;
  entry.folds = true;
  entry.stacks_fix = "Use -f table, json or folded";
  return entry;
}

TracerEntry syscall_entry(const EbpfConfig& config) {
  auto entry = tracer_entry<SyscallSession>("syscall");
  entry.live = config.syscall.trace;
  if (!config.syscall.stacks)
    entry.stacks_fix = "Set syscall.stacks, as 'sonde syscall --stacks' does";
  return entry;
}

TracerEntry mem_entry(const EbpfConfig&) {
  return tracer_entry<TracerSession<EbpfMemoryTracer>>("mem");
}

struct KnownTracer {
  std::string_view name;
  std::string_view setting;
  bool EbpfConfig::*enabled;
  TracerEntry (*entry)(const EbpfConfig& config);
};

constexpr std::array kTracers = {
    KnownTracer{"cpu", "enable_cpu_profiling", &EbpfConfig::enable_cpu_profiling, cpu_entry},
    KnownTracer{"net", "enable_network_tracing", &EbpfConfig::enable_network_tracing, net_entry},
    KnownTracer{"syscall", "enable_syscall_tracing", &EbpfConfig::enable_syscall_tracing,
                syscall_entry},
    KnownTracer{"mem", "enable_memory_tracing", &EbpfConfig::enable_memory_tracing, mem_entry},
};

}  // namespace

Result<std::vector<TracerEntry>> enabled_tracers(const EbpfConfig& config) {
  std::vector<TracerEntry> entries;
  for (const KnownTracer& tracer : kTracers) {
    if (config.*tracer.enabled) entries.push_back(tracer.entry(config));
  }
  if (!entries.empty()) return entries;
  return fail(ErrorCode::ConfigError, "no tracer is enabled",
              fmt::format("Name some of {} with --tracers, or enable them in the configuration",
                          tracer_names(",")));
}

Result<std::vector<std::string>> enable_only(const std::vector<std::string>& names,
                                             EbpfConfig& config) {
  std::vector<std::string> set;
  for (const KnownTracer& tracer : kTracers) {
    config.*tracer.enabled = false;
    set.emplace_back(tracer.setting);
  }
  for (const std::string& name : names) {
    const auto* const tracer = std::ranges::find(kTracers, name, &KnownTracer::name);
    if (tracer == kTracers.end()) {
      std::vector<std::string_view> known;
      for (const KnownTracer& each : kTracers)
        known.push_back(each.name);
      return fail(ErrorCode::ConfigError,
                  fmt::format("--tracers: unknown tracer '{}'{}", name, did_you_mean(name, known)),
                  "The tracers are " + tracer_names(","));
    }
    config.*tracer->enabled = true;
  }
  return set;
}

std::string tracer_names(std::string_view separator) {
  std::vector<std::string_view> names;
  for (const KnownTracer& tracer : kTracers)
    names.push_back(tracer.name);
  return fmt::format("{}", fmt::join(names, separator));
}

}  // namespace sonde::cli
