// What /proc and the memory controller say that processes have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sonde::process {

/// The value of a line such as "Pss:   12 kB" of /proc/PID/smaps_rollup, in bytes; empty if there
/// is none.
std::optional<std::uint64_t> parse_smaps_bytes(std::string_view text, std::string_view key);

/// A process's share of what it maps: a page that n processes map counts as one nth. Empty if it
/// may not be read, or the process is gone. The kernel walks all of its page tables.
std::optional<std::uint64_t> proportional_set_bytes(std::int32_t pid, const std::string& root = {});

/// Path of a process's group of the memory controller, as /proc/PID/cgroup gives it; empty if there
/// is none.
std::string memory_cgroup(std::int32_t pid, const std::string& root = {});

struct CgroupMemory {
  std::optional<std::uint64_t> usage_bytes;
  /// Empty: no limit.
  std::optional<std::uint64_t> limit_bytes;
};
/// Of such a group.
CgroupMemory read_cgroup_memory(const std::string& cgroup, const std::string& root = {});

}  // namespace sonde::process
