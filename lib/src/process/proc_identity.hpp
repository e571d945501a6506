// Who a process is: enough to check a target that the user named, and to tell two processes of one
// number apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sonde::process {

struct ProcIdentity {
  bool exists = false;
  std::string comm;
  /// Clock ticks after boot; with the number it names a process for good.
  std::uint64_t start_time_ticks = 0;
  /// Its number in its own, innermost PID namespace.
  std::int32_t innermost_pid = 0;
};

/// `root` is prefixed to /proc.
ProcIdentity read_identity(std::int32_t pid, const std::string& root = {});

/// The last number of the "NSpid:" line of a /proc/PID/status; 0 if there is none (kernels
/// before 4.1).
std::int32_t parse_innermost_pid(std::string_view status);

}  // namespace sonde::process
