#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sonde::process {

struct CgroupMount {
  std::string mount_point;
  bool is_v2 = false;
  /// First controller of a v1 hierarchy; empty for v2, and for v1 hierarchies that have only a
  /// name.
  std::string controller;
};

/// The cgroup file systems in the text of a /proc/PID/mountinfo.
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo);

}  // namespace sonde::process
