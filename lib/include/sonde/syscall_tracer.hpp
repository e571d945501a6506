#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/accounting.hpp>
#include <sonde/config.hpp>
#include <sonde/report.hpp>

namespace sonde {

struct SyscallStatistics : Accounting {
  /// Calls in rows or events; the same as `reported`.
  std::uint64_t syscalls_traced = 0;
  /// Different calls among them.
  std::uint64_t unique_syscalls = 0;
  /// Calls among them that failed.
  std::uint64_t errors = 0;
};

/// One call of a live trace.
struct SyscallEvent {
  /// When it began, or when it ended if its begin was not seen.
  std::chrono::system_clock::time_point time;
  std::int32_t pid = 0;
  std::int32_t tid = 0;
  /// Bytes; may be invalid UTF-8.
  std::string comm;
  /// Such as "openat"; "syscall_999" for a number without a name.
  std::string name;
  std::uint32_t nr = 0;
  /// Decoded, one for each argument, as strace prints them.
  std::vector<std::string> arguments;
  /// As the call returned it, -1 for an error; empty if the call never returned.
  std::optional<std::int64_t> result;
  /// The result as text: "3</etc/passwd>", "-1 ENOENT (No such file or directory)", "?".
  std::string result_text;
  /// "ENOENT"; empty for success.
  std::string error;
  std::optional<std::chrono::nanoseconds> duration;
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
  /// calls in flight, histograms, stacks.
  Result<Report> stop();
  Result<Report> snapshot();

  /// The next calls of a live trace, up to some thousands, in the order in which they ended; empty
  /// if there are none yet, and without SyscallOptions::trace. After stop() the last ones, then
  /// those in flight at the end. What is not taken waits in memory, up to 64 MiB; then the ring
  /// fills and calls are lost, and counted.
  std::vector<SyscallEvent> take_events();

  /// Calls that end while paused are counted as filtered.
  Result<void> pause();
  Result<void> resume();

  bool is_running() const noexcept;
  SyscallStatistics get_stats() const;
  Overhead get_overhead() const;
  /// What the reports of this session will say about it: the machine, the plan, the settings.
  /// Complete once started; empty before prepare().
  ReportHeader get_header() const;
  std::chrono::nanoseconds get_duration() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The events as rows of type "call", in the same order: for renderers, with a line for people.
Table call_table(std::vector<SyscallEvent> events);

}  // namespace sonde
