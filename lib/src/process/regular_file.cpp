#include "process/regular_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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
  constexpr std::size_t kChunk = std::size_t{64} * 1024;
  std::string text;
  const UniqueFd fd = open_regular(path);
  if (!fd) return text;
  for (;;) {
    const std::size_t size = text.size();
    const std::size_t wanted = std::min(kChunk, limit - size);
    if (wanted == 0) return text;
    text.resize(size + wanted);
    const ssize_t got = ::read(fd.get(), text.data() + size, wanted);
    if (got < 0 && errno == EINTR) {
      text.resize(size);
      continue;
    }
    text.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) return text;
  }
}

}  // namespace sonde::process
