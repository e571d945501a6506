// The life of one tracer, written once: load (prepared) -> attach -> open the gate -> drain
// -> close the gate -> detach -> last drain -> free,
// and the books and the cost of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <sonde/config.hpp>
#include <sonde/event.hpp>
#include <sonde/report.hpp>
#include "core/tracer.hpp"

namespace sonde::core {

/// The methods of one object must not be called from two threads at once. One reader thread runs
/// between start() and stop(). Destroying a running session detaches everything.
class Session {
 public:
  /// `header` describes the run; machine facts and start time are filled in by start().
  Session(std::unique_ptr<Tracer> tracer, ReportHeader header);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Before prepare(): whether live events are made, and what becomes of them.
  void want_events(EventOptions options);
  /// Before prepare(): who gets the session's diagnostics.
  void log_to(LogCallback log);
  /// Everything of start() that can fail for want of rights, memory or kernel features, up to
  /// attaching. After an error the object can only be destroyed.
  Result<void> prepare();
  /// Prepares if that was not done. Recording when it returns. After an error the object can only
  /// be destroyed.
  Result<void> start();
  Result<Report> stop();
  /// What was recorded since the last report.
  Result<Report> snapshot();
  Result<void> pause();
  Result<void> resume();

  bool is_prepared() const noexcept;
  bool is_running() const noexcept;
  bool limit_reached() const noexcept;
  /// The oldest live events that were not taken, at most about `limit`; none if they go to a
  /// callback.
  std::vector<EbpfEvent> take_events(std::size_t limit);
  /// Readable while there are live events to take; -1 if there never are.
  int events_fd() const noexcept;
  /// Live events that nobody took in time.
  std::uint64_t events_lost() const noexcept;
  Accounting accounting() const;
  Overhead overhead() const;
  std::chrono::nanoseconds duration() const noexcept;
  const ReportHeader& header() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sonde::core
