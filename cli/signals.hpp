// Signals as events of the run loop: the first one ends tracing and still gives a report, the
// second ends sonde.
#pragma once

#include <csignal>
#include <optional>
#include <sonde/error.hpp>
#include <string>
#include <vector>

#include "util/unique_fd.hpp"

namespace sonde::cli {

struct InheritedSignals {
  sigset_t mask;
  struct sigaction pipe;
};

/// Makes writing to a closed pipe an error instead of a death; returns what to give back to a
/// launched COMMAND.
InheritedSignals ignore_sigpipe();

/// Async-signal-safe: called in the child between fork and exec.
void restore(const InheritedSignals& signals) noexcept;

struct CaughtSignal {
  int number = 0;
  /// A key on the terminal, which reaches COMMAND as well; false for kill(2), which reaches sonde
  /// alone.
  bool from_terminal = false;
};

/// SIGINT, SIGTERM and SIGHUP (unless nohup had it ignored), readable from a descriptor. Blocks
/// them for the calling thread and those that it makes later.
class Signals {
 public:
  static Result<Signals> block();

  int fd() const noexcept { return fd_.get(); }
  /// The next signal that has come, if any.
  std::optional<CaughtSignal> take();
  int taken() const noexcept { return taken_; }

  /// For work that does not poll: from here on the second signal of the session removes
  /// `temporary_files` and exits with 128 + its number, from a signal handler.
  void exit_on_second(const std::vector<std::string>& temporary_files);
  /// Back to reading them from the descriptor.
  void block_again();

 private:
  explicit Signals(sigset_t set, UniqueFd fd) : set_(set), fd_(std::move(fd)) {}

  sigset_t set_;
  UniqueFd fd_;
  int taken_ = 0;
};

}  // namespace sonde::cli
