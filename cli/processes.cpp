#include "processes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "util/fail.hpp"

namespace sonde::cli {
namespace {

// The process that thread `tid` belongs to, from /proc/TID/status; 0 if it cannot be read.
int process_of_thread(int tid) {
  const UniqueFd fd(::open(fmt::format("/proc/{}/status", tid).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text{};  // "Tgid:" is among the first lines
  const ssize_t length = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (length <= 0) return 0;
  const std::string_view status(text.data(), static_cast<std::size_t>(length));
  constexpr std::string_view kKey = "\nTgid:\t";
  const auto at = status.find(kKey);
  if (at == std::string_view::npos) return 0;
  int process = 0;
  std::from_chars(status.data() + at + kKey.size(), status.data() + status.size(), process);
  return process;
}

}  // namespace

Result<UniqueFd> open_process(int pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (fd) return fd;
  const int why = errno;
  const int process = process_of_thread(pid);
  if (process != 0 && process != pid) {
    return fail(ErrorCode::ConfigError, fmt::format("{} is a thread of process {}", pid, process),
                fmt::format("Use -p {} for all its threads", process));
  }
  if (why == ESRCH) {
    return fail(ErrorCode::ConfigError, fmt::format("no process {}: it may have ended", pid));
  }
  return fail_errno(ErrorCode::EventProcessingFailed, fmt::format("pidfd_open {}", pid), why);
}

Result<ProcessWatch> ProcessWatch::open(std::span<const int> pids) {
  std::vector<UniqueFd> processes;
  for (const int pid : pids) {
    auto process = open_process(pid);
    if (!process) return tl::unexpected(std::move(process.error()));
    processes.push_back(std::move(*process));
  }
  return ProcessWatch(std::move(processes));
}

bool ProcessWatch::all_ended() {
  const auto gone = std::erase_if(running_, [](const UniqueFd& process) {
    pollfd state{process.get(), POLLIN, 0};
    return ::poll(&state, 1, 0) == 1;
  });
  any_ended_ = any_ended_ || gone > 0;
  return any_ended_ && running_.empty();
}

}  // namespace sonde::cli
