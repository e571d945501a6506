// Which processes and threads there are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sonde::process {

struct ProcessCriteria {
  /// Name of the process or of one of its threads; empty: any.
  std::string comm;
  /// Directory of a cgroup that it is in, or below; empty: any.
  std::string cgroup;
};

/// Processes that meet all criteria, in the order of their numbers. One that ends meanwhile may be
/// missing or not. `root` is prefixed to /proc and to the cgroup's directory.
std::vector<std::int32_t> list_processes(const ProcessCriteria& criteria,
                                         const std::string& root = {});

/// The threads of a process, in no order; empty if it is gone.
std::vector<std::int32_t> list_threads(std::int32_t pid);

}  // namespace sonde::process
