// What a tracer is to the program that it lives in: it may be used from any thread, and leaves
// signals, libbpf's messages and the other tracers alone.
#include <bpf/libbpf.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sonde/sonde.hpp>
#include "children.hpp"

using namespace sonde;
using namespace sonde::test;
using namespace std::chrono_literals;

namespace {

template <class Tracer>
void check_calls_out_of_order(const EbpfConfig& config) {
  Tracer tracer(config);
  const auto refused = [](const auto& result) {
    return !result && result.error().code == ErrorCode::EventProcessingFailed;
  };
  BOOST_TEST(refused(tracer.stop()));
  BOOST_TEST(refused(tracer.snapshot()));
  BOOST_TEST(refused(tracer.pause()));
  BOOST_TEST(refused(tracer.resume()));
  BOOST_TEST(!tracer.is_running());
  BOOST_TEST(tracer.get_duration().count() == 0);
  BOOST_TEST(tracer.get_stats().seen == 0u);
  BOOST_TEST(tracer.take_events().empty());
  BOOST_TEST(tracer.get_events_fd() == -1);
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  BOOST_TEST(refused(tracer.start()));
  BOOST_TEST(tracer.is_running());
  BOOST_TEST(tracer.stop().has_value());
  BOOST_TEST(refused(tracer.stop()));
  BOOST_TEST(refused(tracer.start()));
  BOOST_TEST(tracer.get_stats().balanced());
}

template <class Tracer>
void check_moves(const EbpfConfig& config) {
  Tracer first(config);
  BOOST_TEST_REQUIRE(first.start().has_value());
  Tracer second(std::move(first));
  BOOST_TEST(second.is_running());
  Tracer third(config);
  BOOST_TEST_REQUIRE(third.start().has_value());
  third = std::move(second);  // what it held is detached and dropped
  BOOST_TEST(third.is_running());
  first = Tracer(config);  // what was moved from can be assigned to
  BOOST_TEST(first.start().has_value());
  const auto report = third.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(report->summary.accounting.at(0).balanced());
}

std::vector<struct sigaction> signal_actions() {
  std::vector<struct sigaction> actions;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0) actions.push_back(action);
  }
  return actions;
}

bool same_mask(const sigset_t& a, const sigset_t& b) {
  for (int number = 1; number < NSIG; ++number) {
    if (::sigismember(&a, number) != ::sigismember(&b, number)) return false;
  }
  return true;
}

bool same_actions(const std::vector<struct sigaction>& a, const std::vector<struct sigaction>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.sa_handler == y.sa_handler && x.sa_flags == y.sa_flags &&
           same_mask(x.sa_mask, y.sa_mask);
  });
}

// The blocked signals of each thread of this process, as the kernel prints them.
std::vector<std::pair<std::string, std::string>> thread_masks() {
  std::vector<std::pair<std::string, std::string>> masks;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(entry.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("SigBlk:"))
        masks.emplace_back(entry.path().filename(),
                           line.substr(line.find_first_not_of(": \tSigBlk")));
    }
  }
  return masks;
}

int g_host_messages = 0;
int host_print(libbpf_print_level, const char*, va_list) {
  return ++g_host_messages;
}

}  // namespace

// Calls in any other order than start(), stop() are errors that change nothing.
BOOST_AUTO_TEST_CASE(calls_out_of_order_of_every_tracer) {
  Caller caller;
  check_calls_out_of_order<EbpfCpuProfiler>(tracing(caller));
  check_calls_out_of_order<EbpfNetworkTracer>(tracing(caller));
  check_calls_out_of_order<EbpfSyscallTracer>(tracing(caller));
}

// A running tracer can be moved, and moved into a running one.
BOOST_AUTO_TEST_CASE(moves_of_every_tracer) {
  Caller caller;
  check_moves<EbpfCpuProfiler>(tracing(caller));
  check_moves<EbpfNetworkTracer>(tracing(caller));
  check_moves<EbpfSyscallTracer>(tracing(caller));
}

// Four tracers, each on a thread of its own, run at once with their own configurations and count
// what each was asked to, exactly.
BOOST_AUTO_TEST_CASE(four_at_once_on_four_threads) {
  Caller caller;
  const Spinner spinner;
  std::atomic<int> started = 0;
  std::atomic<bool> done = false;
  const auto run = [&](auto& tracer, auto& report) {
    return std::thread([&] {
      const auto begun = tracer.start();
      ++started;
      while (!done)
        std::this_thread::sleep_for(1ms);
      if (begun) report = tracer.stop();
    });
  };
  EbpfCpuProfiler fast(watching(spinner));
  EbpfCpuProfiler slow(watching(spinner).with_sample_rate(49));
  EbpfSyscallTracer rows(tracing(caller));
  EbpfSyscallTracer fewer(tracing(caller));
  BOOST_TEST_REQUIRE(fewer.filter_syscall("close", true).has_value());
  Result<Report> reports[4];
  std::vector<std::thread> threads;
  threads.push_back(run(fast, reports[0]));
  threads.push_back(run(slow, reports[1]));
  threads.push_back(run(rows, reports[2]));
  threads.push_back(run(fewer, reports[3]));
  while (started < 4)
    std::this_thread::sleep_for(1ms);
  caller.call();
  std::this_thread::sleep_for(500ms);
  done = true;
  for (std::thread& thread : threads)
    thread.join();
  for (const Result<Report>& report : reports) {
    BOOST_TEST_REQUIRE(report.has_value());
    BOOST_TEST_REQUIRE(report->summary.accounting.size() == 1u);
    BOOST_TEST(report->summary.accounting[0].balanced());
    BOOST_TEST(report->summary.accounting[0].lost_total() == 0u);
  }
  BOOST_TEST(fast.get_stats().reported > slow.get_stats().reported);
  BOOST_TEST(slow.get_stats().reported > 0u);
  BOOST_TEST(fewer.get_stats().syscalls_traced == Caller::kFailedClose);
  BOOST_TEST(rows.get_stats().errors == Caller::kFailedClose);
  BOOST_TEST(rows.get_stats().syscalls_traced >= Caller::kFailedClose + Caller::kGetppid);
}

// A tracer may be started on one thread and stopped on another.
BOOST_AUTO_TEST_CASE(started_here_stopped_there) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  std::this_thread::sleep_for(200ms);
  Result<Report> report;
  std::thread([&] { report = profiler.stop(); }).join();
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(report->summary.accounting.at(0).reported > 0u);
}

// No handler and no mask of the program changes, and none of its signals lands on a thread of the
// library's.
BOOST_AUTO_TEST_CASE(signals_are_the_programs) {
  const Spinner spinner;
  const auto actions = signal_actions();
  const auto before = thread_masks();
  {
    EbpfCpuProfiler profiler(watching(spinner));
    BOOST_TEST_REQUIRE(profiler.start().has_value());
    BOOST_TEST(same_actions(actions, signal_actions()));
    const auto during = thread_masks();
    BOOST_TEST(during.size() > before.size());
    for (const auto& mask : during) {
      if (std::find(before.begin(), before.end(), mask) != before.end()) continue;
      // Not SIGKILL (9) and SIGSTOP (19), which nobody can block, nor glibc's own 32 and 33.
      constexpr std::uint64_t kAll = 0xfffffffe7ffbfeff;
      BOOST_TEST((std::stoull(mask.second, nullptr, 16) & kAll) == kAll,
                 mask.first << " blocks " << mask.second);
    }
    BOOST_TEST(profiler.stop().has_value());
  }
  BOOST_TEST(same_actions(actions, signal_actions()));
  BOOST_TEST((thread_masks() == before));
}

// A program that uses libbpf itself keeps its callback, and gets its own messages while a tracer
// runs.
BOOST_AUTO_TEST_CASE(libbpf_is_shared) {
  const libbpf_print_fn_t original = ::libbpf_set_print(host_print);
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner));
  BOOST_TEST(profiler.start().has_value());
  g_host_messages = 0;
  ::bpf_object__close(::bpf_object__open_mem("garbage", 7, nullptr));
  BOOST_TEST(g_host_messages > 0);
  BOOST_TEST(profiler.stop().has_value());
  BOOST_TEST((::libbpf_set_print(original) == host_print));
}

// The log callback hears what the library does, each line with the tracer's name; the standard
// streams hear nothing.
BOOST_AUTO_TEST_CASE(log_goes_to_the_callback) {
  const Spinner spinner;
  std::mutex lock;
  std::vector<std::string> lines;
  const auto log = [&](LogLevel, std::string_view text) {
    const std::lock_guard guard(lock);
    lines.emplace_back(text);
  };
  EbpfCpuProfiler profiler(watching(spinner).with_log(log));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  BOOST_TEST(profiler.stop().has_value());
  BOOST_TEST_REQUIRE(lines.size() > 2u);
  BOOST_TEST(lines.front().find("cpu: loaded in ") == 0u);
  BOOST_TEST(lines.back().find("cpu: stopped: seen ") == 0u);
  for (const std::string& line : lines)
    BOOST_TEST(line.find('\n') == std::string::npos);
}
