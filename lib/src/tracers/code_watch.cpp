#include "tracers/code_watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "process/proc_identity.hpp"
#include "process/proc_maps.hpp"
#include "process/process_list.hpp"
#include "process/regular_file.hpp"

namespace sonde::tracers {
namespace {

constexpr std::size_t kLongestMaps = std::size_t{16} << 20;

}  // namespace

CodeWatch::CodeWatch(TargetFilter filter, std::string root)
    : filter_(std::move(filter)), root_(std::move(root)), files_(root_) {
}

std::vector<std::int32_t> CodeWatch::targets(std::span<const std::uint32_t> more) const {
  if (filter_.tgids.empty()) return process::list_processes({filter_.comm, filter_.cgroup}, root_);
  std::vector<std::int32_t> pids(filter_.tgids.begin(), filter_.tgids.end());
  for (const std::uint32_t pid : more) {
    if (std::ranges::find(filter_.tgids, pid) == filter_.tgids.end())
      pids.push_back(static_cast<std::int32_t>(pid));
  }
  return pids;
}

void CodeWatch::look_at(std::int32_t pid, std::vector<CodeUse>& uses) {
  const process::ProcIdentity identity = process::read_identity(pid, root_);
  const auto known = processes_.find(pid);
  if (known != processes_.end() && known->second.start_time_ticks != identity.start_time_ticks) {
    gone_.push_back(pid);
    processes_.erase(known);
  }
  if (!identity.exists) return;
  errno = 0;
  const std::string maps =
      process::read_text(fmt::format("{}/proc/{}/maps", root_, pid), kLongestMaps);
  if (maps.empty()) {
    // Without an error: a kernel thread, or a process that is about to end.
    if (errno == EACCES || errno == EPERM) unreadable_.insert(pid);
    return;
  }
  Process& process = processes_[pid];
  process.start_time_ticks = identity.start_time_ticks;
  std::set<process::FileId> mapped;
  for (const process::MapsEntry& entry : process::parse_maps(maps)) {
    if (process::classify_mapping(entry.path, entry.file) != process::Mapping::Kind::file) continue;
    if (!mapped.insert(entry.file).second || process.files.contains(entry.file)) continue;
    uses.push_back({pid, files_.get(entry.file, entry.path, {pid, entry.start, entry.end})});
  }
  process.files = std::move(mapped);
}

std::vector<CodeUse> CodeWatch::look(std::span<const std::uint32_t> more) {
  std::vector<CodeUse> uses;
  const std::vector<std::int32_t> pids = targets(more);
  const auto self = static_cast<std::int32_t>(::getpid());
  for (const std::int32_t pid : pids) {
    if (pid != self) look_at(pid, uses);
  }
  std::erase_if(processes_, [&](const auto& entry) {
    if (std::ranges::find(pids, entry.first) != pids.end()) return false;
    gone_.push_back(entry.first);
    return true;
  });
  files_.forget_unused();
  return uses;
}

std::vector<std::int32_t> CodeWatch::take_gone() {
  return std::exchange(gone_, {});
}

}  // namespace sonde::tracers
