#include "util/own_thread.hpp"

#include <signal.h>

#include <system_error>
#include <utility>

#include "util/fail.hpp"

namespace sonde {

Result<std::thread> start_thread(std::function<void()> body) {
  // A thread begins with the mask of the one that makes it.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  Result<std::thread> thread;
  try {
    thread = std::thread(std::move(body));
  } catch (const std::system_error& error) {
    thread = fail_errno(ErrorCode::EventProcessingFailed, "start a thread", error.code().value());
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace sonde
