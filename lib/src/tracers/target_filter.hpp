// Turns EbpfConfig::target into the constants and the map of filter.bpf.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/config.hpp>

namespace sonde::tracers {

struct TargetFilter {
  std::vector<std::uint32_t> tgids;
  std::string comm;
  std::uint64_t cgroup_id = 0;
  /// Its directory.
  std::string cgroup;
  /// Index of the v1 controller, or -1 in the v2 hierarchy.
  std::int32_t cgroup_subsystem = -1;
  bool follow_children = false;
  bool from_exec = false;
  /// As Target::program.
  std::string program;
  /// For the report's header: "whole system", "pid 1, 2", ...
  std::string description;

  bool whole_system() const noexcept { return tgids.empty() && comm.empty() && cgroup_id == 0; }
};

/// The running kernel's number for a controller of cgroups, as v1 names it: it depends on how the
/// kernel was configured. IncompatibleKernel if there is none.
Result<std::int32_t> cgroup_subsystem(std::string_view controller);

/// Resolves names, checks that processes exist. ConfigError naming what was not found.
Result<TargetFilter> resolve_target(const Target& target);

/// Writes the constants of filter.bpf.h. Before the skeleton is loaded.
template <class Rodata>
void configure_filter(Rodata& rodata, const TargetFilter& filter, std::uint32_t self,
                      unsigned pid_namespace) {
  rodata.filter_self_tgid = self;
  rodata.filter_pid_namespace = pid_namespace;
  rodata.filter_by_tgid = !filter.tgids.empty();
  rodata.filter_by_comm = !filter.comm.empty();
  // The kernel keeps 15 bytes of a name and a zero.
  filter.comm.copy(rodata.filter_comm, sizeof(rodata.filter_comm) - 1);
  rodata.filter_cgroup = filter.cgroup_id;
  rodata.filter_cgroup_subsystem = filter.cgroup_subsystem;
}

/// Fills filter_tgids. After the skeleton is loaded.
Result<void> fill_tgids(int map_fd, const TargetFilter& filter);

}  // namespace sonde::tracers
