// sonde's exit statuses, decided here and nowhere else.
#pragma once

#include <sonde/error.hpp>

namespace sonde::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnsupported = 3;
/// Something that the user asked to hold did not (--fail-on-loss).
inline constexpr int kAssertion = 4;
/// A shell's statuses for a COMMAND that it cannot start.
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

int exit_status_of(ErrorCode code) noexcept;

/// For a COMMAND that could not be started, from the errno of looking it up or of execve().
int exit_status_of_start_failure(int sys_errno) noexcept;

int exit_status_of_signal(int signal) noexcept;

/// From the status that waitpid() gave: the COMMAND's own, or 128 + the signal that ended it.
int exit_status_of_child(int wait_status) noexcept;

}  // namespace sonde::cli
