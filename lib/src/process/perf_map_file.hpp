#pragma once

#include <string>

#include "util/unique_fd.hpp"

namespace sonde::process {

struct PerfMapFile {
  UniqueFd fd;
  /// There is one, but neither the process's user nor root wrote it: someone else could name the
  /// process's functions.
  bool is_foreign = false;
};

/// Opens what a process's JIT compiler says about its code: /tmp/perf-PID.map, as the process's own
/// mount namespace shows it, by its innermost PID. `directory` is its /proc/PID. Neither a link in
/// its place nor one on the way leads out of the process's root.
PerfMapFile open_perf_map(const std::string& directory) noexcept;

}  // namespace sonde::process
