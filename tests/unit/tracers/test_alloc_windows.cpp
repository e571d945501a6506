#include <boost/test/unit_test.hpp>

#include <cmath>
#include <random>
#include <regex>
#include <string>

#include "tracers/mem/alloc_windows.hpp"

using sonde::tracers::AllocStretch;
using sonde::tracers::AllocWindows;

namespace {

constexpr double kTrapNs = 800;

// A program that makes a call each 170 ns and a system call each 1000 calls, in stretches of a
// quarter of a second with a window of 16 ms. Breakpoints slow it by `aftermath_ns` a hit more than
// is known.
struct Program {
  double call_ns = 170;
  double calls_per_syscall = 1000;
  double aftermath_ns = 26;
  // Of its system calls: by the clock and not by its work.
  double syscalls_per_ms = 0;
  bool measured = true;
  std::mt19937 random{1};

  AllocStretch stretch() {
    constexpr double kWindowNs = 16e6;
    constexpr double kOutsideNs = 234e6;
    constexpr double kKnownNs = 2 * kTrapNs + 200;
    AllocStretch made;
    made.window_ns = kWindowNs;
    made.hits = std::floor(kWindowNs / (call_ns + aftermath_ns + kKnownNs));
    made.recorded = made.hits;
    made.rest_ns = made.hits * (call_ns + aftermath_ns);
    made.trap_ns = kTrapNs;
    made.measured = measured;
    made.outside_ns = kOutsideNs;
    made.syscalls = some(made.hits / calls_per_syscall + kWindowNs / 1e6 * syscalls_per_ms);
    made.outside_syscalls =
        some(kOutsideNs / call_ns / calls_per_syscall + kOutsideNs / 1e6 * syscalls_per_ms);
    return made;
  }
  double true_calls(const AllocStretch& made) const {
    return made.hits + made.outside_ns / call_ns;
  }

 private:
  double some(double mean) {
    return std::floor(mean + std::uniform_real_distribution<double>(0, 1)(random));
  }
};

struct Told {
  double share = 0;  // of the true calls
  double least = 0;
  double most = 0;
};

Told tell(Program program, AllocWindows& windows, int stretches) {
  double told = 0;
  double calls = 0;
  for (int i = 0; i < stretches; ++i) {
    const AllocStretch stretch = program.stretch();
    told += windows.add(stretch) * stretch.recorded;
    calls += program.true_calls(stretch);
  }
  const std::string error = windows.error();
  std::smatch found;
  BOOST_REQUIRE(std::regex_search(error, found,
                                  std::regex("between ([0-9.]+) % less and ([0-9.e+]+) % more")));
  return {told / calls, told / calls * (1 - std::stod(found[1]) / 100),
          told / calls * (1 + std::stod(found[2]) / 100)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(alloc_windows)

// The pace of system calls tells how much slower code runs after a breakpoint, whatever that is.
BOOST_AUTO_TEST_CASE(by_syscalls) {
  for (const double aftermath : {0.0, 26.0, 81.0}) {
    Program program;
    program.aftermath_ns = aftermath;
    AllocWindows windows;
    const Told told = tell(program, windows, 40);
    BOOST_TEST_CONTEXT(aftermath) {
      BOOST_TEST(windows.aftermath().by_syscalls);
      BOOST_TEST(std::abs(windows.aftermath().share * kTrapNs - aftermath) < 10);
      BOOST_TEST(std::abs(told.share - 1) < 0.05);
      BOOST_TEST(told.least <= 1);
      BOOST_TEST(told.most >= 1);
      BOOST_TEST(told.most - told.least < 0.2);
    }
  }
}

// A clock that is wrong now one way and now the other does not make the sum too large.
BOOST_AUTO_TEST_CASE(noise) {
  Program program;
  std::normal_distribution<double> error(0, 0.04 * kTrapNs);
  AllocWindows windows;
  double told = 0;
  double calls = 0;
  for (int i = 0; i < 400; ++i) {
    AllocStretch stretch = program.stretch();
    stretch.rest_ns += error(program.random) * stretch.hits;
    told += windows.add(stretch) * stretch.recorded;
    calls += program.true_calls(stretch);
  }
  BOOST_TEST(std::abs(told / calls - 1) < 0.02);
}

// Windows that differ by more than noise keep what they saw.
BOOST_AUTO_TEST_CASE(phases) {
  Program fast;
  Program slow;
  slow.call_ns = 5000;
  slow.calls_per_syscall = 30;
  AllocWindows windows;
  double told = 0;
  double calls = 0;
  for (int i = 0; i < 100; ++i) {
    Program& program = i % 3 == 0 ? slow : fast;
    const AllocStretch stretch = program.stretch();
    told += windows.add(stretch) * stretch.recorded;
    calls += program.true_calls(stretch);
  }
  BOOST_TEST(std::abs(told / calls - 1) < 0.05);
}

// A hypervisor takes the CPU in some windows: the others stand for these.
BOOST_AUTO_TEST_CASE(disturbed) {
  Program program;
  AllocWindows windows;
  double told = 0;
  double calls = 0;
  double native = 0;
  double seen_native = 0;
  for (int i = 0; i < 40; ++i) {
    AllocStretch stretch = program.stretch();
    const bool is_disturbed = i > 10 && i % 7 == 0;
    if (is_disturbed) {
      stretch.window_ns += 4e6;
      stretch.rest_ns += 4e6;
    }
    const double stands_for = windows.add(stretch);
    BOOST_TEST((stands_for == 0) == is_disturbed);
    told += stands_for * stretch.recorded;
    calls += program.true_calls(stretch);
    native += program.true_calls(stretch);
    if (stands_for > 0) seen_native += program.true_calls(stretch);
  }
  BOOST_TEST(std::abs(told * native / seen_native / calls - 1) < 0.05);
  BOOST_TEST(windows.aftermath().deviation < 0.02);
}

// Without system calls the bounds contain what was found in other programs.
BOOST_AUTO_TEST_CASE(without_syscalls) {
  for (const double aftermath : {0.0, 26.0, 81.0}) {
    Program program;
    program.aftermath_ns = aftermath;
    program.calls_per_syscall = 1e9;
    AllocWindows windows;
    const Told told = tell(program, windows, 40);
    BOOST_TEST_CONTEXT(aftermath) {
      BOOST_TEST(!windows.aftermath().by_syscalls);
      BOOST_TEST(told.least <= 1);
      BOOST_TEST(told.most >= 1);
    }
  }
}

// System calls that are made by the clock say nothing of the program's work.
BOOST_AUTO_TEST_CASE(by_the_clock) {
  Program program;
  program.syscalls_per_ms = 10;
  AllocWindows windows;
  const Told told = tell(program, windows, 40);
  BOOST_TEST(!windows.aftermath().by_syscalls);
  BOOST_TEST(told.least <= 1);
  BOOST_TEST(told.most >= 1);
}

// Where hits could not be measured in place, they may cost half as much again as was thought.
BOOST_AUTO_TEST_CASE(not_measured) {
  Program program;
  program.measured = false;
  program.call_ns = 1300;
  program.calls_per_syscall = 6.5;
  program.aftermath_ns = 480;
  AllocWindows windows;
  const Told told = tell(program, windows, 40);
  BOOST_TEST(windows.aftermath().by_syscalls);
  BOOST_TEST(std::abs(told.share - 1) < 0.05);
  program.calls_per_syscall = 1e9;
  AllocWindows without;
  const Told guessed = tell(program, without, 40);
  BOOST_TEST(guessed.least <= 1);
  BOOST_TEST(guessed.most >= 1);
}

// The bounds contain what windows that differ cause; of one window nothing is known.
BOOST_AUTO_TEST_CASE(chance) {
  Program slow;
  slow.call_ns = 1e5;
  Program fast = slow;
  fast.call_ns = 1e4;
  AllocWindows same;
  AllocWindows different;
  static_cast<void>(same.add(slow.stretch()));
  BOOST_TEST(same.error().find("not known") != std::string::npos);
  const Told even = tell(slow, same, 20);
  for (int i = 0; i < 10; ++i)
    static_cast<void>(different.add(fast.stretch()));
  const Told uneven = tell(slow, different, 10);
  BOOST_TEST(even.most / even.least < 1.05);
  BOOST_TEST(uneven.most / uneven.least > 1.5);
}

// Hits before and after a window are not among what was recorded in it.
BOOST_AUTO_TEST_CASE(unrecorded_hits) {
  AllocStretch stretch = Program().stretch();
  AllocWindows all;
  const double whole = all.add(stretch);
  stretch.recorded /= 2;
  AllocWindows half;
  BOOST_TEST(half.add(stretch) == 2 * whole, boost::test_tools::tolerance(1e-9));
  stretch.recorded = 0;
  BOOST_TEST(half.add(stretch) == 0);
  // It slept all the time that the window was open.
  BOOST_TEST(half.add({0, 0, 0, 0, 0, false, 1e6}) == 0);
  // It ran, and called nothing.
  BOOST_TEST(half.add({0, 0, 1e6, 1e6, 0, false, 9e6}) == 10);
}

BOOST_AUTO_TEST_SUITE_END()
