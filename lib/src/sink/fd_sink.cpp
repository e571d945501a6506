#include "sink/fd_sink.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "sink/write_error.hpp"

namespace sonde::sink {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

void wait_until_writable(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  while (::poll(&waiting, 1, -1) < 0 && errno == EINTR) {
  }
}

}  // namespace

FdSink::FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {
}

Result<void> FdSink::write(std::string_view bytes) {
  if (failure_) return tl::unexpected(*failure_);
  if (held_.size() + bytes.size() < kBufferBytes) {
    held_.append(bytes);
    return {};
  }
  if (auto flushed = flush(); !flushed) return flushed;
  if (bytes.size() >= kBufferBytes) return write_through(bytes);
  held_.append(bytes);
  return {};
}

Result<void> FdSink::flush() {
  if (failure_) return tl::unexpected(*failure_);
  const std::string bytes = std::exchange(held_, {});
  return write_through(bytes);
}

Result<void> FdSink::write_through(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      wait_until_writable(fd_);
    } else if (errno != EINTR) {
      failure_ = write_error("write " + name_, errno);
      return tl::unexpected(*failure_);
    }
  }
  return {};
}

}  // namespace sonde::sink
