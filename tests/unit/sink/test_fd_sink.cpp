#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include "sink/fd_sink.hpp"
#include "util/unique_fd.hpp"

namespace {

using sonde::UniqueFd;
using sonde::sink::FdSink;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe(int flags = 0) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC | flags) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string read_to_end(int fd) {
  std::string all;
  std::array<char, 5000> part{};
  for (ssize_t got = 0; (got = ::read(fd, part.data(), part.size())) > 0;) {
    all.append(part.data(), static_cast<std::size_t>(got));
  }
  return all;
}

bool readable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, 0) == 1;
}

// Every position differs from its neighbours, so that a lost or repeated part shows.
std::string large_text() {
  std::string text;
  for (int i = 0; text.size() < 1'000'000; ++i)
    text += std::to_string(i) + '\n';
  return text;
}

std::atomic<int> alarms = 0;

}  // namespace

// Small writes are held back until flush().
BOOST_AUTO_TEST_CASE(bytes_are_held_until_flush) {
  const Pipe pipe = make_pipe();
  FdSink sink(pipe.write.get(), "a pipe");
  BOOST_REQUIRE(sink.write("one ").has_value());
  BOOST_REQUIRE(sink.write("two").has_value());
  BOOST_TEST(!readable(pipe.read.get()));
  BOOST_REQUIRE(sink.flush().has_value());
  std::array<char, 16> got{};
  BOOST_TEST(::read(pipe.read.get(), got.data(), got.size()) == 7);
  BOOST_TEST(std::string(got.data()) == "one two");
}

// A non-blocking pipe that is full most of the time, read by a slow reader, gets every byte once
// and in order.
BOOST_AUTO_TEST_CASE(partial_writes_lose_nothing) {
  Pipe pipe = make_pipe(O_NONBLOCK);
  ::fcntl(pipe.read.get(), F_SETFL, 0);
  const std::string text = large_text();
  std::string got;
  std::thread reader([&] { got = read_to_end(pipe.read.get()); });
  FdSink sink(pipe.write.get(), "a pipe");
  for (std::size_t at = 0; at < text.size(); at += 70'001) {
    BOOST_CHECK(sink.write(std::string_view(text).substr(at, 70'001)).has_value());
  }
  BOOST_CHECK(sink.commit().has_value());
  pipe.write.reset();
  reader.join();
  BOOST_TEST((got == text));
}

// A write that a signal interrupts goes on where it stopped.
BOOST_AUTO_TEST_CASE(interrupted_writes_go_on) {
  Pipe pipe = make_pipe();
  struct sigaction count_alarms {};
  count_alarms.sa_handler = [](int) { ++alarms; };  // and no SA_RESTART
  struct sigaction before {};
  ::sigaction(SIGALRM, &count_alarms, &before);

  sigset_t alarm_set;
  ::sigemptyset(&alarm_set);
  ::sigaddset(&alarm_set, SIGALRM);
  ::pthread_sigmask(SIG_BLOCK, &alarm_set, nullptr);
  const std::string text = large_text();
  std::string got;
  std::thread reader([&] {
    while (alarms < 3)
      std::this_thread::yield();
    got = read_to_end(pipe.read.get());
  });
  ::pthread_sigmask(SIG_UNBLOCK, &alarm_set, nullptr);
  const itimerval every_ms{{0, 1000}, {0, 1000}};
  ::setitimer(ITIMER_REAL, &every_ms, nullptr);

  FdSink sink(pipe.write.get(), "a pipe");
  BOOST_CHECK(sink.write(text).has_value());
  BOOST_CHECK(sink.commit().has_value());
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  pipe.write.reset();
  reader.join();
  BOOST_TEST((got == text));
}

// A reader that went away is EPIPE, and stays so.
BOOST_AUTO_TEST_CASE(closed_pipe_is_epipe) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe = make_pipe();
  pipe.read.reset();
  FdSink sink(pipe.write.get(), "stdout");
  BOOST_REQUIRE(sink.write("x").has_value());
  for (int i = 0; i < 2; ++i) {
    const auto flushed = sink.flush();
    BOOST_REQUIRE(!flushed.has_value());
    BOOST_TEST((flushed.error().code == sonde::ErrorCode::OutputFailed));
    BOOST_TEST(flushed.error().sys_errno == EPIPE);
    BOOST_TEST(flushed.error().what == "write stdout");
  }
  BOOST_TEST(!sink.write("y").has_value());
  std::signal(SIGPIPE, before);
}

// A full disk is named, with what to do about it.
BOOST_AUTO_TEST_CASE(full_device_is_enospc) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  BOOST_REQUIRE(full);
  FdSink sink(full.get(), "/dev/full");
  BOOST_REQUIRE(sink.write("x").has_value());
  const auto committed = sink.commit();
  BOOST_REQUIRE(!committed.has_value());
  BOOST_TEST(committed.error().sys_errno == ENOSPC);
  BOOST_TEST(committed.error().message() ==
             "write /dev/full: No space left on device. Free some space, or write to another disk");
}
