#include "symbolize/jit_code.hpp"

#include <fmt/format.h>

#include <utility>

#include "symbolize/perf_map.hpp"

namespace sonde::symbolize {

void JitCode::want(int perf_map, std::int32_t pid, std::uint64_t address) {
  if (perf_map < 0) return;
  Job& job = jobs_[perf_map];
  job.pid = pid;
  job.wanted.add(address);
}

void JitCode::resolve(Notices& notices) {
  for (auto& [perf_map, job] : jobs_) {
    const auto& addresses = job.wanted.sorted();
    JitNames names = find_jit_names(perf_map, addresses);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      if (!names.names[i].empty()) job.found.emplace(addresses[i], std::move(names.names[i]));
    }
    if (names.bad_lines > 0) {
      notices.add(fmt::format(
          "the perf map of process {} has {} line(s) that are not 'START SIZE name': skipped",
          job.pid, names.bad_lines));
    }
    if (names.cut) {
      notices.add(
          fmt::format("the perf map of process {} is too long: its end was not read", job.pid));
    }
  }
}

std::string JitCode::find(int perf_map, std::uint64_t address) const {
  const auto job = jobs_.find(perf_map);
  if (job == jobs_.end()) return {};
  const auto found = job->second.found.find(address);
  return found == job->second.found.end() ? std::string{} : found->second;
}

}  // namespace sonde::symbolize
