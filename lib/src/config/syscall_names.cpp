#include "config/syscall_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/choice.hpp"
#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::config {
namespace {

constexpr Choices<StackWeight, 3> kWeights = {
    {{"count", StackWeight::count}, {"time", StackWeight::time}, {"errors", StackWeight::errors}}};

constexpr Choices<SyscallGroup, 4> kGroups = {{{"process", SyscallGroup::process},
                                               {"thread", SyscallGroup::thread},
                                               {"cgroup", SyscallGroup::cgroup},
                                               {"errno", SyscallGroup::error}}};
constexpr std::string_view kAlways = "syscall";

}  // namespace

std::string_view to_string(SyscallGroup group) noexcept {
  return name_of_choice(kGroups, group);
}

Result<void> add_syscall_group(std::string_view name, std::vector<SyscallGroup>& groups) {
  if (name == kAlways) return {};
  for (const auto& [known, group] : kGroups) {
    if (known != name) continue;
    if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
    return {};
  }
  return fail(
      ErrorCode::ConfigError,
      fmt::format("'{}' is nothing to group by{}", name, did_you_mean(name, syscall_group_names())),
      "Group by process, thread, cgroup, errno or syscall");
}

std::vector<std::string_view> syscall_group_names() {
  std::vector<std::string_view> names = names_of_choices(kGroups);
  names.push_back(kAlways);
  return names;
}

std::string_view to_string(StackWeight weight) noexcept {
  return name_of_choice(kWeights, weight);
}

Result<StackWeight> parse_stack_weight(std::string_view name) {
  return parse_choice(kWeights, "weight", name);
}

std::vector<std::string_view> stack_weight_names() {
  return names_of_choices(kWeights);
}

}  // namespace sonde::config
