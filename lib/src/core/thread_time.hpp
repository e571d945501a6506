#pragma once

#include <cstdint>

namespace sonde::core {

/// CPU time of threads that work for a session. Unlike the process's own times it leaves out a host
/// program's work.
struct ThreadTime {
  std::uint64_t user_ns = 0;
  std::uint64_t system_ns = 0;

  ThreadTime& operator+=(const ThreadTime& other) noexcept {
    user_ns += other.user_ns;
    system_ns += other.system_ns;
    return *this;
  }
};

/// Of the calling thread since it began (getrusage, RUSAGE_THREAD).
ThreadTime thread_time() noexcept;

/// Adds what the calling thread spends between construction and destruction to a total.
class ThreadTimer {
 public:
  explicit ThreadTimer(ThreadTime& total) noexcept : total_(total), begin_(thread_time()) {}
  ThreadTimer(const ThreadTimer&) = delete;
  ThreadTimer& operator=(const ThreadTimer&) = delete;
  ~ThreadTimer();

 private:
  ThreadTime& total_;
  ThreadTime begin_;
};

}  // namespace sonde::core
