#include "run_tracers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <sonde/cpu_profiler.hpp>
#include <sonde/memory_tracer.hpp>

#include "net_session.hpp"
#include "syscall_session.hpp"
#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::cli {
namespace {

TracerEntry syscall_entry(const EbpfConfig& config) {
  auto entry = tracer_entry<SyscallSession>("syscall");
  entry.live = config.syscall.trace;
  if (!config.syscall.stacks) entry.stacks_fix = "Set syscall.stacks";
  return entry;
}

TracerEntry net_entry(const EbpfConfig& config) {
  auto entry = tracer_entry<NetSession>("net");
  entry.live = config.network.events;
  return entry;
}

struct RunTracer {
  std::string_view name;
  std::string_view setting;
  bool EbpfConfig::*enabled;
  TracerEntry (*entry)(const EbpfConfig& config);
};

constexpr std::array kTracers = {
    RunTracer{
        "cpu", "enable_cpu_profiling", &EbpfConfig::enable_cpu_profiling,
        [](const EbpfConfig&) { return tracer_entry<TracerSession<EbpfCpuProfiler>>("cpu"); }},
    RunTracer{"net", "enable_network_tracing", &EbpfConfig::enable_network_tracing, net_entry},
    RunTracer{"syscall", "enable_syscall_tracing", &EbpfConfig::enable_syscall_tracing,
              syscall_entry},
    RunTracer{
        "mem", "enable_memory_tracing", &EbpfConfig::enable_memory_tracing,
        [](const EbpfConfig&) { return tracer_entry<TracerSession<EbpfMemoryTracer>>("mem"); }},
};

}  // namespace

Result<std::vector<TracerEntry>> enabled_tracers(const EbpfConfig& config) {
  std::vector<TracerEntry> entries;
  for (const RunTracer& tracer : kTracers) {
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
  for (const RunTracer& tracer : kTracers) {
    config.*tracer.enabled = false;
    set.emplace_back(tracer.setting);
  }
  for (const std::string& name : names) {
    const auto* const tracer = std::ranges::find(kTracers, name, &RunTracer::name);
    if (tracer == kTracers.end()) {
      std::vector<std::string_view> known;
      for (const RunTracer& each : kTracers)
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
  for (const RunTracer& tracer : kTracers)
    names.push_back(tracer.name);
  return fmt::format("{}", fmt::join(names, separator));
}

}  // namespace sonde::cli
