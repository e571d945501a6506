#include "process/process_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "process/regular_file.hpp"

namespace sonde::process {
namespace {

namespace fs = std::filesystem;

// The numbers among the names in a directory such as /proc or /proc/PID/task.
std::vector<std::int32_t> numbers_in(const std::string& directory) {
  std::vector<std::int32_t> numbers;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::int32_t number = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad == std::errc{} && end == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

void add_members(const std::string& directory, std::vector<std::int32_t>& members) {
  // Not a regular file's read: cgroup.procs of a threaded group cannot be read, and is empty then.
  std::istringstream lines(read_text(directory + "/cgroup.procs", std::size_t{16} << 20));
  for (std::int32_t pid = 0; lines >> pid;)
    members.push_back(pid);
}

std::vector<std::int32_t> members_of(const std::string& cgroup) {
  std::vector<std::int32_t> members;
  add_members(cgroup, members);
  std::error_code error;
  fs::recursive_directory_iterator entry(cgroup, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code not_seen;
    if (!entry->is_symlink(not_seen) && entry->is_directory(not_seen))
      add_members(entry->path().string(), members);
  }
  return members;
}

std::string comm_at(const std::string& directory) {
  std::string comm = read_text(directory + "/comm");
  if (comm.ends_with('\n')) comm.pop_back();
  return comm;
}

bool has_comm(const std::string& directory, const std::string& comm) {
  if (comm_at(directory) == comm) return true;
  const auto threads = numbers_in(directory + "/task");
  return std::ranges::any_of(threads, [&](std::int32_t tid) {
    return comm_at(fmt::format("{}/task/{}", directory, tid)) == comm;
  });
}

}  // namespace

std::vector<std::int32_t> list_processes(const ProcessCriteria& criteria, const std::string& root) {
  constexpr std::size_t kLongestComm = 15;  // TASK_COMM_LEN without its zero
  const std::string comm = criteria.comm.substr(0, kLongestComm);
  std::vector<std::int32_t> pids =
      criteria.cgroup.empty() ? numbers_in(root + "/proc") : members_of(root + criteria.cgroup);
  if (!comm.empty()) {
    std::erase_if(pids, [&](std::int32_t pid) {
      return !has_comm(fmt::format("{}/proc/{}", root, pid), comm);
    });
  }
  std::ranges::sort(pids);
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

std::vector<std::int32_t> list_threads(std::int32_t pid) {
  return numbers_in(fmt::format("/proc/{}/task", pid));
}

}  // namespace sonde::process
