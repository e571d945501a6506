#include "core/thread_time.hpp"

#include <sys/resource.h>

namespace sonde::core {
namespace {

std::uint64_t nanoseconds(const timeval& time) noexcept {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(time.tv_usec) * 1'000u;
}

}  // namespace

ThreadTime thread_time() noexcept {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return {nanoseconds(usage.ru_utime), nanoseconds(usage.ru_stime)};
}

ThreadTimer::~ThreadTimer() {
  const ThreadTime now = thread_time();
  total_ += ThreadTime{now.user_ns - begin_.user_ns, now.system_ns - begin_.system_ns};
}

}  // namespace sonde::core
