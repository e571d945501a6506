// Breakpoints as perf events, one for each: where the kernel has no link for many of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "util/unique_fd.hpp"

namespace sonde::core {

/// In a file, as UprobeLinks::attach() is given them.
struct UprobeEvent {
  const std::string& path;
  std::uint64_t offset = 0;
  std::uint64_t cookie = 0;
  /// Of the function that begins there, instead of at it.
  bool at_return = false;
};

/// Whether the kernel has them with a number that tells them apart, since 5.15. Attaches nothing.
bool has_uprobe_events() noexcept;

/// Runs the program at the breakpoint in process `pid`, or in all that map the file if it is 0,
/// until the descriptor is closed, which takes as long as the kernel needs to be sure that nobody
/// runs it (tens of milliseconds). Empty, with errno, on failure.
UniqueFd attach_uprobe_event(int program_fd, pid_t pid, const UprobeEvent& event) noexcept;

}  // namespace sonde::core
