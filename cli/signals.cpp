#include "signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "exit_status.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

// A signal handler can reach nothing but globals.
std::atomic<int> handled_signals = 0;
std::atomic<const char**> files_to_remove = nullptr;  // ends with a null pointer
static_assert(std::atomic<int>::is_always_lock_free);
static_assert(std::atomic<const char**>::is_always_lock_free);

void exit_if_second(int signal) {
  if (handled_signals.fetch_add(1) == 0) return;
  const char** file = files_to_remove;
  for (; file != nullptr && *file != nullptr; ++file)
    ::unlink(*file);
  ::_exit(exit_status_of_signal(signal));
}

constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

InheritedSignals ignore_sigpipe() {
  InheritedSignals inherited{};
  ::pthread_sigmask(SIG_SETMASK, nullptr, &inherited.mask);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &inherited.pipe);
  return inherited;
}

void restore(const InheritedSignals& signals) noexcept {
  ::sigaction(SIGPIPE, &signals.pipe, nullptr);
  ::sigprocmask(SIG_SETMASK, &signals.mask, nullptr);
}

Result<Signals> Signals::block() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kEnding) {
    struct sigaction current {};
    ::sigaction(signal, nullptr, &current);
    // A script's shell starts "sonde … &" with SIGINT ignored, yet its "kill -INT" means to end it.
    if (signal == SIGHUP && current.sa_handler == SIG_IGN) continue;
    sigaddset(&set, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail_errno(ErrorCode::EventProcessingFailed, "signalfd");
  return Signals(set, std::move(fd));
}

std::optional<CaughtSignal> Signals::take() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof(info)) != sizeof(info)) return std::nullopt;
  ++taken_;
  return CaughtSignal{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

void Signals::exit_on_second(const std::vector<std::string>& temporary_files) {
  handled_signals = taken_;
  // The handler may run until the process ends, so the names are never freed.
  auto** const names = new const char*[temporary_files.size() + 1]();
  for (std::size_t i = 0; i < temporary_files.size(); ++i)
    names[i] = ::strdup(temporary_files[i].c_str());
  files_to_remove = names;
  struct sigaction action {};
  action.sa_handler = exit_if_second;
  action.sa_flags = SA_RESTART;
  for (const int signal : kEnding) {
    if (sigismember(&set_, signal) == 1) ::sigaction(signal, &action, nullptr);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
}

void Signals::block_again() {
  ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  taken_ = handled_signals;
}

}  // namespace sonde::cli
