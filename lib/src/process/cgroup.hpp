// Finds the control group that a user means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde::process {

struct Cgroup {
  /// What the kernel calls it: the inode of its directory (kernfs id, on 64-bit kernels).
  std::uint64_t id = 0;
  bool is_v2 = false;
  /// Of the v1 hierarchy, such as "memory"; of several mounted together the first. Empty for v2.
  std::string controller;
  /// Its directory, without the root.
  std::string path;
};

/// `path` is a directory below a cgroup mount, or the name of a v2 group with or without a leading
/// slash ("/user.slice"). ConfigError if there is no such group, or if it is in a v1 hierarchy
/// without a controller (such as systemd's own). `root` is prefixed to /proc and to the mount
/// points.
Result<Cgroup> find_cgroup(std::string_view path, const std::string& root = {});

/// The group of a container, by its id or the beginning of it (at least 8 characters), as docker,
/// podman, containerd and CRI-O name their groups. v2 is preferred. ConfigError if there is none,
/// or more than one container.
Result<Cgroup> find_container(std::string_view id, const std::string& root = {});

}  // namespace sonde::process
