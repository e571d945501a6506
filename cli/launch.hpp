// Starts COMMAND so that tracing can begin before its first instruction.
#pragma once

#include <optional>
#include <sonde/error.hpp>
#include <string>
#include <vector>

#include "signals.hpp"
#include "util/unique_fd.hpp"

namespace sonde::cli {

/// The file that a shell would run for `name`: itself if it has a slash, else the first match in
/// PATH. The error carries the errno: ENOENT, EACCES, EISDIR and what else stat() gives.
Result<std::string> find_executable(const std::string& name);

/// A forked child that waits on a pipe until release() and only then becomes COMMAND. If sonde dies
/// before, the child reads end-of-file and exits without running anything; once released it has no
/// tie to sonde.
class LaunchedCommand {
 public:
  /// `arguments` begins with COMMAND's name; `file` is what find_executable() gave.
  static Result<LaunchedCommand> fork_waiting(const std::string& file,
                                              const std::vector<std::string>& arguments,
                                              const InheritedSignals& signals);
  LaunchedCommand(LaunchedCommand&&) noexcept = default;
  LaunchedCommand& operator=(LaunchedCommand&&) noexcept = default;
  /// A child that was not released ends and is reaped; a released one runs on.
  ~LaunchedCommand();

  int pid() const noexcept { return pid_; }
  /// Readable once the child has ended.
  int pidfd() const noexcept { return pidfd_.get(); }

  /// Returns when the child has become COMMAND; else the errno of execve().
  Result<void> release();

  /// The waitpid() status if the child has ended.
  std::optional<int> ended();
  void send(int signal) noexcept;

 private:
  LaunchedCommand(int pid, UniqueFd pidfd, UniqueFd gate, UniqueFd exec_error, std::string name)
      : pid_(pid),
        pidfd_(std::move(pidfd)),
        gate_(std::move(gate)),
        exec_error_(std::move(exec_error)),
        name_(std::move(name)) {}

  int pid_;
  UniqueFd pidfd_;
  UniqueFd gate_;
  UniqueFd exec_error_;
  std::string name_;
  std::optional<int> wait_status_;
};

}  // namespace sonde::cli
