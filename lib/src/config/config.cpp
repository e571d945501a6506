#include <fmt/format.h>

#include <sonde/config.hpp>
#include <utility>

#include "config/limits.hpp"
#include "util/fail.hpp"

namespace sonde {

EbpfConfig& EbpfConfig::with_sample_rate(std::uint32_t hertz) {
  sample_rate = hertz;
  return *this;
}

EbpfConfig& EbpfConfig::with_duration(std::chrono::nanoseconds value) {
  duration = value;
  return *this;
}

EbpfConfig& EbpfConfig::with_cpu_profiling(bool enabled) {
  enable_cpu_profiling = enabled;
  return *this;
}

EbpfConfig& EbpfConfig::with_network_tracing(bool enabled) {
  enable_network_tracing = enabled;
  return *this;
}

EbpfConfig& EbpfConfig::with_syscall_tracing(bool enabled) {
  enable_syscall_tracing = enabled;
  return *this;
}

EbpfConfig& EbpfConfig::with_memory_tracing(bool enabled) {
  enable_memory_tracing = enabled;
  return *this;
}

EbpfConfig& EbpfConfig::with_max_samples(std::uint64_t count) {
  max_samples = count;
  return *this;
}

EbpfConfig& EbpfConfig::with_target(Target value) {
  target = std::move(value);
  return *this;
}

EbpfConfig& EbpfConfig::with_cpu_options(CpuOptions value) {
  cpu = value;
  return *this;
}

EbpfConfig& EbpfConfig::with_unwind_options(UnwindOptions value) {
  unwind = value;
  return *this;
}

EbpfConfig& EbpfConfig::with_symbol_options(SymbolOptions value) {
  symbols = value;
  return *this;
}

EbpfConfig& EbpfConfig::with_syscall_options(SyscallOptions value) {
  syscall = std::move(value);
  return *this;
}

EbpfConfig& EbpfConfig::with_network_options(NetworkOptions value) {
  network = std::move(value);
  return *this;
}

EbpfConfig& EbpfConfig::with_memory_options(MemoryOptions value) {
  memory = value;
  return *this;
}

EbpfConfig& EbpfConfig::with_output_settings(OutputSettings value) {
  output = std::move(value);
  return *this;
}

EbpfConfig& EbpfConfig::with_event_options(EventOptions value) {
  events = std::move(value);
  return *this;
}

EbpfConfig& EbpfConfig::with_disabled_features(std::vector<std::string> names) {
  disabled_features = std::move(names);
  return *this;
}

EbpfConfig& EbpfConfig::with_log(LogCallback callback) {
  log = std::move(callback);
  return *this;
}

namespace {

Result<void> check_syscall_options(const SyscallOptions& options) {
  if (auto checked =
          config::check_range("syscall.string_bytes", options.string_bytes, config::kStringBytes);
      !checked) {
    return checked;
  }
  if (auto checked =
          config::check_range("syscall.ring_bytes", options.ring_bytes, config::kRingBytes);
      !checked) {
    return checked;
  }
  if (options.min_latency.count() < 0) {
    return fail(ErrorCode::ConfigError,
                fmt::format("syscall.min_latency is {} ns, but must not be negative",
                            options.min_latency.count()));
  }
  return {};
}

Result<void> check_network_options(const NetworkOptions& options) {
  if (auto checked =
          config::check_range("network.ring_bytes", options.ring_bytes, config::kRingBytes);
      !checked) {
    return checked;
  }
  return config::check_range("network.max_connections", options.max_connections,
                             config::kMaxConnections);
}

Result<void> check_memory_options(const MemoryOptions& options) {
  if (auto checked =
          config::check_range("memory.sample_bytes", options.sample_bytes, config::kSampleBytes);
      !checked) {
    return checked;
  }
  constexpr std::uint64_t kValid = 1;
  if (auto checked =
          config::check_range("memory.fault_sample_bytes",
                              options.fault_sample_bytes.value_or(kValid), config::kSampleBytes);
      !checked) {
    return checked;
  }
  if (auto checked =
          config::check_range("memory.max_stacks", options.max_stacks, config::kMaxStacks);
      !checked) {
    return checked;
  }
  if (options.older_than.count() < 0) {
    return fail(ErrorCode::ConfigError,
                fmt::format("memory.older_than is {} ns, but must not be negative",
                            options.older_than.count()));
  }
  // Not a number is none of them.
  const double percent = options.overhead_limit_percent();
  if (percent >= 0 && percent <= config::kMostPercent) return {};
  return fail(ErrorCode::ConfigError,
              fmt::format("memory.max_overhead_percent is {}, but must be from 0 to {}", percent,
                          config::kMostPercent));
}

}  // namespace

Result<void> EbpfConfig::validate() const {
  if (auto checked = config::check_range("sample_rate", sample_rate, config::kSampleRate);
      !checked) {
    return checked;
  }
  if (auto checked =
          config::check_range("unwind.table_bytes", unwind.table_bytes, config::kTableBytes);
      !checked) {
    return checked;
  }
  if (auto checked = config::check_range("max_samples", max_samples, config::kMaxSamples);
      !checked) {
    return checked;
  }
  if (auto checked =
          config::check_range("events.capacity", events.capacity, config::kEventCapacity);
      !checked) {
    return checked;
  }
  if (duration.count() <= 0) {
    return fail(ErrorCode::ConfigError,
                fmt::format("duration is {} ns, but must be above zero", duration.count()));
  }
  if (output.interval.count() < 0) {
    return fail(
        ErrorCode::ConfigError,
        fmt::format("output.interval is {} ns, but must not be negative", output.interval.count()));
  }
  if (symbols.debuginfod_timeout.count() <= 0) {
    return fail(ErrorCode::ConfigError,
                fmt::format("symbols.debuginfod_timeout is {} ns, but must be above zero",
                            symbols.debuginfod_timeout.count()));
  }
  if (auto checked = check_syscall_options(syscall); !checked) return checked;
  if (auto checked = check_memory_options(memory); !checked) return checked;
  return check_network_options(network);
}

Result<void> validate_config(const EbpfConfig& config) {
  return config.validate();
}

}  // namespace sonde
