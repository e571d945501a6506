#include "tracers/target_filter.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "core/kernel_btf.hpp"
#include "process/cgroup.hpp"
#include "process/proc_identity.hpp"
#include "util/fail.hpp"
#include "wire.h"

namespace sonde::tracers {
namespace {

Result<void> apply_cgroup(const process::Cgroup& cgroup, TargetFilter& filter) {
  filter.cgroup_id = cgroup.id;
  filter.cgroup = cgroup.path;
  if (cgroup.is_v2) return {};
  const auto index = cgroup_subsystem(cgroup.controller);
  if (!index) return tl::unexpected(index.error());
  filter.cgroup_subsystem = *index;
  return {};
}

Result<void> resolve_pids(const Target& target, TargetFilter& filter) {
  for (const int pid : target.pids) {
    if (!process::read_identity(pid).exists) {
      return fail(ErrorCode::ConfigError, fmt::format("no process {}", pid), "It may have ended");
    }
    filter.tgids.push_back(static_cast<std::uint32_t>(pid));
  }
  return {};
}

std::string describe(const Target& target) {
  std::vector<std::string> parts;
  if (!target.pids.empty()) parts.push_back(fmt::format("pid {}", fmt::join(target.pids, ", ")));
  if (target.follow_children) parts.emplace_back("its descendants");
  if (!target.comm.empty()) parts.push_back(fmt::format("comm {}", target.comm));
  if (!target.cgroup.empty()) parts.push_back(fmt::format("cgroup {}", target.cgroup));
  if (!target.container.empty()) parts.push_back(fmt::format("container {}", target.container));
  return parts.empty() ? "whole system" : fmt::format("{}", fmt::join(parts, " and "));
}

}  // namespace

Result<std::int32_t> cgroup_subsystem(std::string_view controller) {
  // The one controller whose v1 name is not its v2 name (cgroup_subsys.legacy_name).
  const std::string name = fmt::format("{}_cgrp_id", controller == "blkio" ? "io" : controller);
  const core::UniqueBtf types = core::load_kernel_btf();
  if (types == nullptr) return fail_errno(ErrorCode::IncompatibleKernel, "read the kernel's BTF");
  const std::int32_t id = ::btf__find_by_name_kind(types.get(), "cgroup_subsys_id", BTF_KIND_ENUM);
  if (id > 0) {
    const btf_type* const type = ::btf__type_by_id(types.get(), static_cast<__u32>(id));
    const struct btf_enum* const values = ::btf_enum(type);
    for (__u16 i = 0; i < ::btf_vlen(type); ++i) {
      if (name == ::btf__name_by_offset(types.get(), values[i].name_off)) return values[i].val;
    }
  }
  return fail(ErrorCode::IncompatibleKernel,
              fmt::format("the kernel has no cgroup controller '{}'", controller));
}

Result<TargetFilter> resolve_target(const Target& target) {
  TargetFilter filter;
  filter.comm = target.comm;
  filter.follow_children = target.follow_children;
  filter.from_exec = target.from_exec;
  filter.program = target.program;
  filter.description = describe(target);
  if (!target.cgroup.empty() && !target.container.empty()) {
    return fail(ErrorCode::ConfigError, "a cgroup and a container were given",
                "A container is found by its cgroup: give one of them");
  }
  if (auto pids = resolve_pids(target, filter); !pids) return tl::unexpected(pids.error());
  for (const bool container : {false, true}) {
    const std::string& name = container ? target.container : target.cgroup;
    if (name.empty()) continue;
    const auto cgroup = container ? process::find_container(name) : process::find_cgroup(name);
    if (!cgroup) return tl::unexpected(cgroup.error());
    if (auto applied = apply_cgroup(*cgroup, filter); !applied)
      return tl::unexpected(applied.error());
  }
  return filter;
}

Result<void> fill_tgids(int map_fd, const TargetFilter& filter) {
  const std::uint8_t state = filter.from_exec ? SONDE_TARGET_AWAITS_EXEC : SONDE_TARGET_TRACED;
  for (const std::uint32_t tgid : filter.tgids) {
    if (::bpf_map_update_elem(map_fd, &tgid, &state, BPF_ANY) != 0) {
      return fail_errno(ErrorCode::MapOperationFailed,
                        fmt::format("add process {} to the targets", tgid));
    }
  }
  return {};
}

}  // namespace sonde::tracers
