#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace sonde::process {

/// Id → path below the mount point ("/" for the root) of the control groups of the v2 hierarchy
/// that exist now. A group's id is the inode number of its directory. Empty if no such hierarchy is
/// mounted. `root` is prefixed to every path.
std::map<std::uint64_t, std::string> cgroup_paths(const std::string& root = {});

}  // namespace sonde::process
