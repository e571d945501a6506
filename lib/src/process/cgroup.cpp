#include "process/cgroup.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "process/cgroup_mounts.hpp"
#include "process/regular_file.hpp"
#include "util/fail.hpp"

namespace sonde::process {
namespace {

namespace fs = std::filesystem;

std::vector<CgroupMount> read_mounts(const std::string& root) {
  constexpr std::size_t kLongest = std::size_t{16} << 20;
  return parse_cgroup_mounts(read_text(root + "/proc/self/mountinfo", kLongest));
}

bool is_below(std::string_view path, std::string_view directory) {
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

// The mount whose mount point is the longest that `path` lies below.
const CgroupMount* mount_of(const std::vector<CgroupMount>& mounts, std::string_view path) {
  const CgroupMount* best = nullptr;
  for (const CgroupMount& mount : mounts) {
    const bool longer = best == nullptr || mount.mount_point.size() > best->mount_point.size();
    if (longer && is_below(path, mount.mount_point)) best = &mount;
  }
  return best;
}

Result<Cgroup> identify(const CgroupMount& mount, const std::string& path,
                        const std::string& root) {
  struct stat status = {};
  if (::stat((root + path).c_str(), &status) != 0) {
    return fail_errno(ErrorCode::ConfigError, fmt::format("no cgroup '{}'", path), errno,
                      "Groups are directories below " + mount.mount_point);
  }
  struct stat members = {};
  const bool has_members = ::stat((root + path + "/cgroup.procs").c_str(), &members) == 0;
  if (!S_ISDIR(status.st_mode) || !has_members) {
    return fail(ErrorCode::ConfigError, fmt::format("'{}' is not the directory of a cgroup", path));
  }
  if (!mount.is_v2 && mount.controller.empty()) {
    return fail(
        ErrorCode::ConfigError,
        fmt::format("'{}' is in a cgroup v1 hierarchy without a controller", path),
        "The kernel cannot tell its members apart: name the group of a v2 hierarchy or of a "
        "controller such as memory");
  }
  return Cgroup{status.st_ino, mount.is_v2, mount.controller, path};
}

bool is_id_character(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

// The container's id in the name of a group: "docker-<id>.scope", "<id>",
// "cri-containerd-<id>.scope", "libpod-<id>.scope", "crio-<id>". Empty if there is no word of
// hexadecimal digits that begins with `wanted`.
std::string id_in_name(std::string_view name, std::string_view wanted) {
  for (std::size_t at = name.find(wanted); at != std::string_view::npos;
       at = name.find(wanted, at + 1)) {
    if (at > 0 && name[at - 1] != '-') continue;
    const std::string_view rest = name.substr(at);
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_id_character);
    const auto length = static_cast<std::size_t>(end - rest.begin());
    if (length == rest.size() || rest.substr(length) == ".scope") {
      return std::string(rest.substr(0, length));
    }
  }
  return {};
}

/// Container id → path of its group, for the groups below one mount.
std::map<std::string, std::string> containers_below(const CgroupMount& mount,
                                                    std::string_view wanted,
                                                    const std::string& root) {
  std::map<std::string, std::string> found;
  std::error_code error;
  const std::string top = root + mount.mount_point;
  fs::recursive_directory_iterator entry(top, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    // Every other file of a cgroup is regular: only its type is looked at.
    std::error_code not_seen;
    if (entry->is_symlink(not_seen) || !entry->is_directory(not_seen)) continue;
    const std::string id = id_in_name(entry->path().filename().string(), wanted);
    if (id.empty()) continue;
    // Groups within a container's group repeat its id at times; the outermost has all of its
    // processes.
    entry.disable_recursion_pending();
    found.try_emplace(id, entry->path().string().substr(root.size()));
  }
  return found;
}

}  // namespace

Result<Cgroup> find_cgroup(std::string_view path, const std::string& root) {
  const std::vector<CgroupMount> mounts = read_mounts(root);
  if (mounts.empty()) {
    return fail(ErrorCode::ConfigError, "no cgroup file system is mounted",
                "Mount one: mount -t cgroup2 none /sys/fs/cgroup");
  }
  std::string full(path);
  while (full.size() > 1 && full.ends_with('/'))
    full.pop_back();
  if (path.starts_with('/')) {
    if (const CgroupMount* const mount = mount_of(mounts, full))
      return identify(*mount, full, root);
  }
  const auto v2 =
      std::find_if(mounts.begin(), mounts.end(), [](const CgroupMount& m) { return m.is_v2; });
  if (v2 == mounts.end()) {
    return fail(
        ErrorCode::ConfigError, fmt::format("no cgroup '{}'", path),
        "No cgroup v2 hierarchy is mounted: give the group's directory below a v1 mount, such as " +
            mounts.front().mount_point);
  }
  full = full == "/"
             ? v2->mount_point
             : fmt::format("{}{}{}", v2->mount_point, full.starts_with('/') ? "" : "/", full);
  return identify(*v2, full, root);
}

Result<Cgroup> find_container(std::string_view id, const std::string& root) {
  constexpr std::size_t kShortest = 8;
  if (id.size() < kShortest || !std::all_of(id.begin(), id.end(), is_id_character)) {
    return fail(ErrorCode::ConfigError, fmt::format("'{}' is not the id of a container", id),
                "Give at least the first 8 of its hexadecimal digits, as 'docker ps' or 'crictl "
                "ps' show them");
  }
  std::vector<CgroupMount> mounts = read_mounts(root);
  std::erase_if(mounts, [](const CgroupMount& m) { return !m.is_v2 && m.controller.empty(); });
  std::stable_partition(mounts.begin(), mounts.end(), [](const CgroupMount& m) { return m.is_v2; });
  for (const CgroupMount& mount : mounts) {
    const auto found = containers_below(mount, id, root);
    if (found.size() > 1) {
      std::string candidates;
      for (const auto& [container, path] : found)
        candidates += "\n  " + path;
      return fail(ErrorCode::ConfigError,
                  fmt::format("'{}' begins the id of {} containers", id, found.size()),
                  "Give more of its digits:" + candidates);
    }
    if (!found.empty()) return identify(mount, found.begin()->second, root);
  }
  return fail(ErrorCode::ConfigError, fmt::format("no container '{}' is running", id),
              "No control group has that id in its name");
}

}  // namespace sonde::process
