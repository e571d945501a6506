#include "process/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sonde::process {

UniqueFd open_regular(const std::string& path) noexcept {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return fd;
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode)) {
    errno = EINVAL;
    return {};
  }
  return fd;
}

std::string read_text(const std::string& path, std::size_t limit) {
  // Files of /proc come in pieces of a page.
  std::array<char, std::size_t{16} * 1024> piece;
  std::string text;
  const UniqueFd fd = open_regular(path);
  if (!fd) return text;
  while (text.size() < limit) {
    const ssize_t got = ::read(fd.get(), piece.data(), std::min(piece.size(), limit - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace sonde::process
