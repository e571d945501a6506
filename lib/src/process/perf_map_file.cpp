#include "process/perf_map_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "process/proc_identity.hpp"
#include "process/regular_file.hpp"

namespace sonde::process {
namespace {

UniqueFd open_below(int root, const std::string& path) noexcept {
  open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

// "Uid:\t1000\t1000\t1000\t1000": real, effective, saved and of the file system.
bool is_user_of(std::string_view status, uid_t user) {
  const std::size_t line = status.find("\nUid:");
  if (line == std::string_view::npos) return false;
  std::array<unsigned, 4> users = {};
  const std::string text(status.substr(line + 1, 128));
  const int read =
      std::sscanf(text.c_str(), "Uid: %u %u %u %u", &users[0], &users[1], &users[2], &users[3]);
  return std::find(users.begin(), users.begin() + std::max(read, 0), user) !=
         users.begin() + std::max(read, 0);
}

}  // namespace

PerfMapFile open_perf_map(const std::string& directory) noexcept {
  const std::string status = read_text(directory + "/status");
  const std::int32_t pid = parse_innermost_pid(status);
  if (pid == 0) return {};
  const UniqueFd root(::open((directory + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return {};
  PerfMapFile map{open_below(root.get(), fmt::format("tmp/perf-{}.map", pid)), false};
  struct stat file = {};
  if (!map.fd || ::fstat(map.fd.get(), &file) != 0 || !S_ISREG(file.st_mode)) return {};
  if (file.st_uid == 0 || is_user_of(status, file.st_uid)) return map;
  return {{}, true};
}

}  // namespace sonde::process
