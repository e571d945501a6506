#include "util/byte_source.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sonde {

ByteSource::ByteSource(int fd) : fd_(fd) {
  struct stat status = {};
  if (::fstat(fd, &status) == 0 && status.st_size > 0) {
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
}

ByteSource::ByteSource(UniqueFd fd) : ByteSource(fd.get()) {
  owned_ = std::move(fd);
}

ByteSource::ByteSource(std::vector<std::byte> memory)
    : size_(memory.size()), memory_(std::move(memory)) {
}

std::size_t ByteSource::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset >= size_ || into.empty()) return 0;
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset));
  if (fd_ < 0) {
    std::memcpy(into.data(), memory_.data() + offset, wanted);
    return wanted;
  }
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t got =
        ::pread(fd_, into.data() + done, wanted - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::vector<std::byte> ByteSource::read_range(std::uint64_t offset, std::uint64_t length,
                                              std::uint64_t most) const {
  if (length > most || length > size_ || offset > size_ - length) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(length));
  if (read(offset, bytes) != bytes.size()) bytes.clear();
  return bytes;
}

}  // namespace sonde
