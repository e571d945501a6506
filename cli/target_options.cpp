#include "target_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <string_view>

#include "util/fail.hpp"

namespace sonde::cli {
namespace {

constexpr const char* kGroup = "Whom to trace (default: the whole system)";

Result<int> parse_pid(std::string_view text) {
  int pid = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, pid);
  if (error == std::errc{} && rest == end && pid > 0) return pid;
  return fail(ErrorCode::ConfigError, fmt::format("--pid: '{}' is not a process id", text));
}

}  // namespace

void TargetOptions::add_to(CLI::App& app) {
  app.add_option("-p,--pid", pids, "These processes and all their threads; repeatable")
      ->type_name("PID[,PID...]")
      ->allow_extra_args(false)
      ->group(kGroup);
  app.add_option("--comm", comm, "Threads of this name (its first 15 bytes)")
      ->type_name("NAME")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(kGroup);
  app.add_option("--cgroup", cgroup, "Everything in this cgroup directory and below")
      ->type_name("PATH")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(kGroup);
  app.add_option("--container", container, "This container, by its id or the start of it")
      ->type_name("ID")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(kGroup);
}

Result<void> TargetOptions::apply(Target& target) const {
  if (!pids.empty()) target.pids.clear();
  for (const std::string& list : pids) {
    std::string_view rest = list;
    while (true) {
      const auto comma = rest.find(',');
      const auto pid = parse_pid(rest.substr(0, comma));
      if (!pid) return tl::unexpected(pid.error());
      if (std::ranges::find(target.pids, *pid) == target.pids.end()) target.pids.push_back(*pid);
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  if (!comm.empty()) target.comm = comm;
  if (!cgroup.empty()) target.cgroup = cgroup;
  if (!container.empty()) target.container = container;
  return {};
}

}  // namespace sonde::cli
