// Processes to trace whose doings are known: the library never traces its own.
#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>

#include <sonde/config.hpp>

namespace sonde::test {

/// Spins until it is destroyed.
class Spinner {
 public:
  Spinner() : pid_(::fork()) {
    if (pid_ == 0) {
      ::alarm(60);
      for (std::atomic<unsigned> n = 0;; ++n) {
      }
    }
  }
  Spinner(const Spinner&) = delete;
  Spinner& operator=(const Spinner&) = delete;
  ~Spinner() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }

 private:
  int pid_;
};

inline EbpfConfig watching(const Spinner& spinner) {
  Target target;
  target.pids = {spinner.pid()};
  return EbpfConfig{}.with_sample_rate(499).with_target(target);
}

/// Waits for a byte, makes a known number of calls, and waits again.
class Caller {
 public:
  Caller() {
    BOOST_REQUIRE(::pipe(to_child_) == 0 && ::pipe(from_child_) == 0);
    pid_ = ::fork();
    if (pid_ == 0) run();
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() {
    ::close(to_child_[1]);
    ::waitpid(pid_, nullptr, 0);
    for (const int fd : {to_child_[0], from_child_[0], from_child_[1]})
      ::close(fd);
  }

  int pid() const { return pid_; }
  void call() {
    char byte = 'g';
    BOOST_REQUIRE(::write(to_child_[1], &byte, 1) == 1);
    BOOST_REQUIRE(::read(from_child_[0], &byte, 1) == 1);
  }

  static constexpr std::uint64_t kGetppid = 1000;
  static constexpr std::uint64_t kFailedClose = 10;

 private:
  [[noreturn]] void run() {
    ::close(to_child_[1]);
    char byte = 0;
    while (::read(to_child_[0], &byte, 1) == 1) {
      for (std::uint64_t i = 0; i < kGetppid; ++i)
        ::syscall(SYS_getppid);
      for (std::uint64_t i = 0; i < kFailedClose; ++i)
        ::syscall(SYS_close, -1);
      if (::write(from_child_[1], &byte, 1) != 1) break;
    }
    ::_exit(0);
  }

  int to_child_[2] = {-1, -1};
  int from_child_[2] = {-1, -1};
  pid_t pid_ = -1;
};

/// Allocates, resizes and frees when told to.
class Allocator {
 public:
  static constexpr std::uint64_t kBlocks = 50;
  static constexpr std::uint64_t kBytes = 1000;
  static constexpr std::uint64_t kResizedBytes = 3000;

  Allocator() {
    BOOST_REQUIRE(::pipe(to_child_) == 0 && ::pipe(from_child_) == 0);
    pid_ = ::fork();
    if (pid_ == 0) run();
  }
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;
  ~Allocator() {
    ::close(to_child_[1]);
    ::waitpid(pid_, nullptr, 0);
    for (const int fd : {to_child_[0], from_child_[0], from_child_[1]})
      ::close(fd);
  }

  int pid() const { return pid_; }
  /// kBlocks times: malloc, realloc, free.
  void work() {
    char byte = 'g';
    BOOST_REQUIRE(::write(to_child_[1], &byte, 1) == 1);
    BOOST_REQUIRE(::read(from_child_[0], &byte, 1) == 1);
  }

 private:
  [[noreturn]] void run() {
    ::close(to_child_[1]);
    char byte = 0;
    while (::read(to_child_[0], &byte, 1) == 1) {
      for (std::uint64_t i = 0; i < kBlocks; ++i) {
        void* volatile block = std::malloc(kBytes);
        block = std::realloc(block, kResizedBytes);
        std::free(block);
      }
      if (::write(from_child_[1], &byte, 1) != 1) break;
    }
    ::_exit(0);
  }

  int to_child_[2] = {-1, -1};
  int from_child_[2] = {-1, -1};
  pid_t pid_ = -1;
};

inline EbpfConfig tracing(const Caller& caller) {
  EbpfConfig config;
  config.target.pids = {caller.pid()};
  return config;
}

}  // namespace sonde::test
