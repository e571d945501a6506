#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/event.hpp>
#include <sonde/report.hpp>

namespace [[gnu::visibility("default")]] sonde {

struct SyscallStatistics : Accounting {
  /// Calls in rows or events; the same as `reported`.
  std::uint64_t syscalls_traced = 0;
  /// Different calls among them.
  std::uint64_t unique_syscalls = 0;
  /// Calls among them that failed.
  std::uint64_t errors = 0;
};

/// Counts, times or shows system calls. Move-only. Each object is independent of every other; the
/// methods of one object must not be called from two threads at once.
///
/// Needs CAP_BPF and CAP_PERFMON (or root), and a kernel with BTF, 5.11 or later.
class EbpfSyscallTracer {
 public:
  explicit EbpfSyscallTracer(EbpfConfig config);
  EbpfSyscallTracer(EbpfSyscallTracer&&) noexcept;
  EbpfSyscallTracer& operator=(EbpfSyscallTracer&&) noexcept;
  EbpfSyscallTracer(const EbpfSyscallTracer&) = delete;
  EbpfSyscallTracer& operator=(const EbpfSyscallTracer&) = delete;
  /// Detaches and discards what was recorded if still running.
  ~EbpfSyscallTracer();

  /// Adds a call or a class ("%file") to what is traced, or takes it away. Before start(): with
  /// nothing added every call is traced but those taken away. ConfigError for an unknown name;
  /// EventProcessingFailed after start().
  Result<void> filter_syscall(std::string_view name, bool enabled);

  /// Everything of start() that can fail for want of rights, memory or kernel features, without
  /// attaching anything: several tracers can so be started together or not at all. start() does it
  /// if it was not done. Errors are those of start().
  Result<void> prepare();

  /// Loads, attaches and begins to record. On error nothing stays loaded. ConfigError,
  /// InsufficientPermissions, IncompatibleKernel, LoadFailed, AttachFailed, MapOperationFailed;
  /// EventProcessingFailed if it was started before.
  Result<void> start();
  /// Detaches, and reports what was recorded since start() or the last snapshot(): rows by call,
  /// calls in flight, histograms, stacks. EventProcessingFailed if it is not running.
  Result<Report> stop();
  /// The same without stopping.
  Result<Report> snapshot();

  /// The next calls of a live trace (Syscall), up to some thousands, in the order in which they
  /// ended; empty if there are none yet. After stop() the last ones, then those in flight at the
  /// end. Live events and SyscallOptions::trace are one: each turns the other on. What is not taken
  /// waits in memory, up to 64 MiB whatever EventOptions::capacity is; then the ring fills and
  /// calls are lost, and counted in the books.
  std::vector<EbpfEvent> take_events();
  /// As EbpfCpuProfiler::get_events_fd().
  int get_events_fd() const noexcept;
  /// None: see take_events().
  std::uint64_t get_events_lost() const noexcept;

  /// Calls that end while paused are counted as filtered. EventProcessingFailed if it is not
  /// running.
  Result<void> pause();
  Result<void> resume();

  bool is_running() const noexcept;
  SyscallStatistics get_stats() const;
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

/// What SyscallOptions::calls can name: this architecture's calls ("openat"), then the classes
/// ("%file").
std::vector<std::string> syscall_names();

/// The events of type Syscall as rows of type "call", in the same order: for renderers, with a line
/// for people.
Table call_table(std::vector<EbpfEvent> events);

}  // namespace sonde
