#include "launch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "exit_status.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

// 0 if execve() would take it as far as can be known without trying.
int why_not_executable(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  return ::access(file.c_str(), X_OK) == 0 ? 0 : errno;
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(ErrorCode::EventProcessingFailed, "pipe2");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

ssize_t read_retrying(int fd, void* buffer, std::size_t size) noexcept {
  ssize_t got = 0;
  do {
    got = ::read(fd, buffer, size);
  } while (got < 0 && errno == EINTR);
  return got;
}

// Runs in the child between fork and exec: async-signal-safe calls only, nothing allocated.
[[noreturn]] void wait_and_exec(int gate, int exec_error, const char* file, char* const* argv,
                                char* const* shell_argv) noexcept {
  char go = 0;
  if (read_retrying(gate, &go, 1) != 1) ::_exit(kFailed);
  ::execve(file, argv, environ);
  // A script without "#!": a shell and execvp(3) run it with sh.
  if (errno == ENOEXEC) ::execve("/bin/sh", shell_argv, environ);
  const int why = errno;
  // Without a reader sonde is gone and nobody is left to tell.
  static_cast<void>(!::write(exec_error, &why, sizeof(why)));
  ::_exit(exit_status_of_start_failure(why));
}

std::vector<char*> null_terminated(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<std::string> find_executable(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    const int why = why_not_executable(name);
    if (why == 0) return name;
    return fail_errno(ErrorCode::ConfigError, name, why);
  }
  const char* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  bool found_unusable = false;
  while (!name.empty()) {
    const auto colon = rest.find(':');
    const std::string_view folder = rest.substr(0, colon);
    // POSIX: an empty entry is the working directory.
    std::string file = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    const int why = why_not_executable(file);
    if (why == 0) return file;
    if (why == EACCES) found_unusable = true;
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (found_unusable) return fail_errno(ErrorCode::ConfigError, name, EACCES);
  return fail_errno(ErrorCode::ConfigError, name, ENOENT);
}

Result<LaunchedCommand> LaunchedCommand::fork_waiting(const std::string& file,
                                                      const std::vector<std::string>& arguments,
                                                      const InheritedSignals& signals) {
  auto gate = make_pipe();
  if (!gate) return tl::unexpected(std::move(gate.error()));
  auto exec_error = make_pipe();
  if (!exec_error) return tl::unexpected(std::move(exec_error.error()));
  const std::vector<char*> argv = null_terminated(arguments);
  std::vector<std::string> shell_arguments = {"sh", file};
  shell_arguments.insert(shell_arguments.end(), arguments.begin() + 1, arguments.end());
  const std::vector<char*> shell_argv = null_terminated(shell_arguments);

  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(ErrorCode::EventProcessingFailed, "fork");
  if (pid == 0) {
    restore(signals);
    ::close(gate->write_end.get());  // else the child would hold its own gate open
    wait_and_exec(gate->read_end.get(), exec_error->write_end.get(), file.c_str(), argv.data(),
                  shell_argv.data());
  }
  // Not reaped yet, so the pid cannot have been given to another process.
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const int why = errno;
  const bool opened = static_cast<bool>(pidfd);
  LaunchedCommand launched(pid, std::move(pidfd), std::move(gate->write_end),
                           std::move(exec_error->read_end), arguments.front());
  if (!opened) return fail_errno(ErrorCode::IncompatibleKernel, "pidfd_open", why);
  return launched;
}

LaunchedCommand::~LaunchedCommand() {
  if (!gate_) return;
  gate_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<void> LaunchedCommand::release() {
  // EPIPE means that something killed the child meanwhile: it has ended, and the run loop will see
  // that.
  static_cast<void>(!::write(gate_.get(), "g", 1));
  gate_.reset();
  int why = 0;
  if (read_retrying(exec_error_.get(), &why, sizeof(why)) != sizeof(why)) return {};
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  wait_status_ = 0;
  return fail_errno(ErrorCode::ConfigError, name_, why);
}

std::optional<int> LaunchedCommand::ended() {
  int status = 0;
  if (!wait_status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) wait_status_ = status;
  return wait_status_;
}

void LaunchedCommand::send(int signal) noexcept {
  if (!wait_status_) ::kill(pid_, signal);
}

}  // namespace sonde::cli
