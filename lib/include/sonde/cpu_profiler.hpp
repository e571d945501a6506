#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/event.hpp>
#include <sonde/report.hpp>

namespace [[gnu::visibility("default")]] sonde {

/// Samples the stacks of what runs on the CPUs. Move-only. Each object is independent of every
/// other; the methods of one object must not be called from two threads at once.
///
/// Needs CAP_BPF and CAP_PERFMON (or root), and a kernel with BTF, 5.8 or later.
class EbpfCpuProfiler {
 public:
  explicit EbpfCpuProfiler(EbpfConfig config);
  EbpfCpuProfiler(EbpfCpuProfiler&&) noexcept;
  EbpfCpuProfiler& operator=(EbpfCpuProfiler&&) noexcept;
  EbpfCpuProfiler(const EbpfCpuProfiler&) = delete;
  EbpfCpuProfiler& operator=(const EbpfCpuProfiler&) = delete;
  /// Detaches and discards what was recorded if still running.
  ~EbpfCpuProfiler();

  /// Everything of start() that can fail for want of rights, memory or kernel features, without
  /// attaching anything: several tracers can so be started together or not at all. start() does it
  /// if it was not done. Errors are those of start().
  Result<void> prepare();

  /// Loads, attaches and begins to record; sampling when it returns. On error nothing stays loaded.
  /// ConfigError, InsufficientPermissions, IncompatibleKernel, LoadFailed, AttachFailed,
  /// MapOperationFailed; EventProcessingFailed if it was started before.
  Result<void> start();

  /// Detaches, drains and symbolizes. May take seconds on binaries with large symbol tables.
  /// EventProcessingFailed if it is not running.
  Result<Report> stop();

  /// What was recorded since start() or the previous snapshot(), without stopping.
  /// EventProcessingFailed if it is not running.
  Result<Report> snapshot();

  /// Live events (CpuSample) up to some thousands, with EventOptions::enabled and without a
  /// callback: the oldest that were not taken. They arrive within about a tenth of a second; empty
  /// if there are none yet. After stop() the last ones.
  std::vector<EbpfEvent> take_events();
  /// Readable while take_events() has something to give, for poll() or an event loop. The tracer
  /// keeps it; -1 before prepare(), or without live events.
  int get_events_fd() const noexcept;
  /// Live events that nobody took in time. The report has them all the same.
  std::uint64_t get_events_lost() const noexcept;

  /// Samples taken while paused are counted as filtered. EventProcessingFailed if it does not run.
  Result<void> pause();
  Result<void> resume();

  bool is_running() const noexcept;
  /// True once recording ended because EbpfConfig::max_samples was reached.
  bool limit_reached() const noexcept;
  Accounting get_stats() const;
  Overhead get_overhead() const;
  /// What the reports of this session will say about it: the machine, the plan, the settings.
  /// Complete once started; empty before prepare().
  ReportHeader get_header() const;
  /// Time since start(), or the session's length once stopped.
  std::chrono::nanoseconds get_duration() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sonde
