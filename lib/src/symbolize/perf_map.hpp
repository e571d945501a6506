// Names of JIT-compiled code from a runtime's /tmp/perf-PID.map: lines of "START SIZE name", in
// hexadecimal.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sonde::symbolize {

struct JitNames {
  /// One for each address; empty where no line covers it.
  std::vector<std::string> names;
  std::uint64_t bad_lines = 0;
  /// The file was too long and was read only in part.
  bool cut = false;
};

/// `addresses` are sorted and unique. A later line wins: runtimes append, and use memory again. The
/// file is written by the traced program: any content is met with skipped lines, in bounded time
/// and memory.
JitNames find_jit_names(int fd, std::span<const std::uint64_t> addresses);

}  // namespace sonde::symbolize
