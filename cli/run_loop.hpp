// Waits while sessions record: for its duration, a signal, the end of COMMAND or of every -p
// process, or a full profile. Reports intervals and shows progress meanwhile.
#pragma once

#include <chrono>
#include <optional>
#include <sonde/error.hpp>

#include "launch.hpp"
#include "outputs.hpp"
#include "processes.hpp"
#include "progress.hpp"
#include "signals.hpp"
#include "trace_sessions.hpp"

namespace sonde::cli {

enum class End { duration, signal, command, targets, limit, second_signal };

struct LoopTimes {
  std::optional<std::chrono::nanoseconds> duration;
  std::optional<std::chrono::nanoseconds> interval;
  /// Events are shown as they happen.
  bool live = false;
};

class RunLoop {
 public:
  /// `command` is nullptr without COMMAND. All must outlive the loop.
  RunLoop(LoopTimes times, TraceSessions& sessions, Outputs& outputs, Signals& signals,
          LaunchedCommand* command, ProcessWatch& targets, Progress& progress);

  /// Why recording is over. An error is one of an interval's report or of live rows.
  Result<End> wait_for_end();

  /// With COMMAND still running: waits for it. nullopt if a second signal ended the wait; else its
  /// waitpid() status.
  std::optional<int> wait_for_command();

  /// Shows what has happened since the last time.
  Result<void> show_all_live();

  int last_signal() const noexcept { return last_signal_; }

 private:
  using Clock = std::chrono::steady_clock;

  Result<End> wait();
  /// Writes the next live rows; false if there were none.
  Result<bool> show_live();
  void poll_until(Clock::time_point wake, bool watch_targets);
  /// Takes what has come; passes on to COMMAND what only sonde received.
  void take_signals();
  std::optional<End> ended(Clock::time_point now);
  Result<void> report_interval();

  LoopTimes times_;
  TraceSessions& sessions_;
  Outputs& outputs_;
  Signals& signals_;
  LaunchedCommand* command_;
  ProcessWatch& targets_;
  Progress& progress_;
  Clock::time_point started_;
  /// After the first signal COMMAND may still do its cleaning up under trace, until then.
  std::optional<Clock::time_point> grace_end_;
  int last_signal_ = 0;
};

}  // namespace sonde::cli
