#include "process/cgroup_paths.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "process/cgroup_mounts.hpp"
#include "process/regular_file.hpp"

namespace sonde::process {
namespace {

namespace fs = std::filesystem;

void add(std::map<std::uint64_t, std::string>& paths, const std::string& directory,
         std::size_t prefix) {
  struct stat status = {};
  if (::stat(directory.c_str(), &status) != 0) return;
  const std::string below = directory.substr(prefix);
  paths.emplace(status.st_ino, below.empty() ? "/" : below);
}

}  // namespace

std::map<std::uint64_t, std::string> cgroup_paths(const std::string& root) {
  constexpr std::size_t kLongest = std::size_t{16} << 20;
  const std::vector<CgroupMount> mounts =
      parse_cgroup_mounts(read_text(root + "/proc/self/mountinfo", kLongest));
  const auto v2 =
      std::find_if(mounts.begin(), mounts.end(), [](const CgroupMount& m) { return m.is_v2; });
  std::map<std::uint64_t, std::string> paths;
  if (v2 == mounts.end()) return paths;
  const std::string top = root + v2->mount_point;
  add(paths, top, top.size());
  std::error_code error;
  fs::recursive_directory_iterator entry(top, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code not_seen;
    if (!entry->is_symlink(not_seen) && entry->is_directory(not_seen))
      add(paths, entry->path().string(), top.size());
  }
  return paths;
}

}  // namespace sonde::process
