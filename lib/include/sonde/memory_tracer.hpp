#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/event.hpp>
#include <sonde/report.hpp>

namespace [[gnu::visibility("default")]] sonde {

/// What happened to memory so far. What no lane of the tracer measures is empty.
struct MemoryStatistics : Accounting {
  /// Resident memory that processes gained, and gave back.
  std::uint64_t growth_bytes = 0;
  std::uint64_t released_bytes = 0;
  /// With MemoryOptions::alloc.
  std::optional<std::uint64_t> allocations = {};
  std::optional<std::uint64_t> allocated_bytes = {};
  /// With MemoryOptions::live.
  std::optional<std::uint64_t> deallocations = {};
  std::optional<std::uint64_t> live_bytes = {};
};

/// Shows where memory goes: what makes processes grow. Move-only. Each object is independent of
/// every other; the methods of one object must not be called from two threads at once.
///
/// Needs CAP_BPF and CAP_PERFMON (or root), and a kernel with BTF, 5.8 or later.
class EbpfMemoryTracer {
 public:
  explicit EbpfMemoryTracer(EbpfConfig config);
  EbpfMemoryTracer(EbpfMemoryTracer&&) noexcept;
  EbpfMemoryTracer& operator=(EbpfMemoryTracer&&) noexcept;
  EbpfMemoryTracer(const EbpfMemoryTracer&) = delete;
  EbpfMemoryTracer& operator=(const EbpfMemoryTracer&) = delete;
  /// Detaches and discards what was recorded if still running.
  ~EbpfMemoryTracer();

  /// As EbpfCpuProfiler::prepare().
  Result<void> prepare();
  /// Errors as EbpfCpuProfiler::start().
  Result<void> start();
  /// Detaches, and reports what was recorded since start() or the last snapshot(): profiles of what
  /// grew and what was given back, of allocations with MemoryOptions::alloc, and a table of
  /// processes. EventProcessingFailed if it is not running.
  Result<Report> stop();
  /// The same without stopping.
  Result<Report> snapshot();

  /// As EbpfCpuProfiler::take_events(): with MemoryOptions::alloc each allocation that is sampled
  /// (MemoryAlloc), with MemoryOptions::live also what takes back such a one (MemoryFree). Those of
  /// one moment on two CPUs may come in either order.
  std::vector<EbpfEvent> take_events();
  /// As EbpfCpuProfiler::get_events_fd().
  int get_events_fd() const noexcept;
  /// Live events that nobody took in time. The report has them all the same.
  std::uint64_t get_events_lost() const noexcept;

  /// What happens while paused is counted as filtered. EventProcessingFailed if it is not running.
  Result<void> pause();
  Result<void> resume();

  bool is_running() const noexcept;
  /// The books and sums so far.
  MemoryStatistics get_stats() const;
  Overhead get_overhead() const;
  /// As EbpfCpuProfiler::get_header().
  ReportHeader get_header() const;
  /// Time since start(), or the session's length once stopped.
  std::chrono::nanoseconds get_duration() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sonde
