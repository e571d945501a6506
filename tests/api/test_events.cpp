// Live events while tracers run: by descriptor, by callback, and what they leave uncounted
// (nothing).
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <sonde/sonde.hpp>
#include "children.hpp"

using namespace sonde;
using namespace sonde::test;
using namespace std::chrono_literals;

namespace {

EventOptions wanted() {
  EventOptions options;
  options.enabled = true;
  return options;
}

bool becomes_readable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, 10'000) == 1 && (waiting.revents & POLLIN) != 0;
}

template <class Tracer>
void take_all(Tracer& tracer, std::vector<EbpfEvent>& events) {
  for (auto lot = tracer.take_events(); !lot.empty(); lot = tracer.take_events())
    std::move(lot.begin(), lot.end(), std::back_inserter(events));
}

std::uint64_t calls_named(const std::vector<EbpfEvent>& events, const char* name) {
  return static_cast<std::uint64_t>(
      std::count_if(events.begin(), events.end(), [&](const EbpfEvent& event) {
        const auto* const call = event.get_if<Syscall>();
        return call != nullptr && call->name == name;
      }));
}

}  // namespace

// Every sample that the books say was reported is an event, some of them while the profiler runs;
// their stacks have names.
BOOST_AUTO_TEST_CASE(cpu_samples_one_by_one) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner).with_event_options(wanted()));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  std::vector<EbpfEvent> events;
  BOOST_TEST_REQUIRE(becomes_readable(profiler.get_events_fd()));
  take_all(profiler, events);
  BOOST_TEST(!events.empty());
  std::this_thread::sleep_for(300ms);
  const auto report = profiler.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  take_all(profiler, events);
  const Accounting& books = report->summary.accounting.at(0);
  BOOST_TEST(books.lost_total() == 0u);
  BOOST_TEST(events.size() + profiler.get_events_lost() == books.reported);
  BOOST_TEST(profiler.get_events_lost() == 0u);
  std::size_t named = 0;
  for (const EbpfEvent& event : events) {
    BOOST_TEST((event.type() == EbpfEventType::CpuSample));
    BOOST_TEST(event.pid == spinner.pid());
    BOOST_TEST(event.get_if<CpuSample>()->cpu < 4096u);
    const auto& frames = event.get_if<CpuSample>()->frames;
    const bool in_child = std::any_of(frames.begin(), frames.end(), [](const EventFrame& frame) {
      return frame.kind == FrameKind::user && frame.module.ends_with("test_api") &&
             !frame.name.starts_with('[');
    });
    if (in_child) ++named;
  }
  BOOST_TEST(named * 2 > events.size());
}

// A callback gets them all, the last ones before stop() returns.
BOOST_AUTO_TEST_CASE(cpu_samples_by_callback) {
  const Spinner spinner;
  std::atomic<std::uint64_t> count = 0;
  EventOptions options;
  options.callback = [&](std::span<EbpfEvent> events) { count += events.size(); };
  EbpfCpuProfiler profiler(watching(spinner).with_event_options(options));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  for (int i = 0; i < 1000 && count == 0; ++i)
    std::this_thread::sleep_for(10ms);
  BOOST_TEST(count > 0u);
  BOOST_TEST(profiler.take_events().empty());
  const auto report = profiler.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  BOOST_TEST(count + profiler.get_events_lost() == report->summary.accounting.at(0).reported);
}

// Who takes too slowly loses events, not samples: the report has all, and says what was lost.
BOOST_AUTO_TEST_CASE(slow_takers_lose_events_only) {
  const Spinner spinner;
  EventOptions options = wanted();
  options.capacity = 10;
  EbpfCpuProfiler profiler(watching(spinner).with_event_options(options));
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  std::this_thread::sleep_for(500ms);
  const auto report = profiler.stop();
  BOOST_TEST_REQUIRE(report.has_value());
  const Accounting& books = report->summary.accounting.at(0);
  BOOST_TEST(books.lost_total() == 0u);
  BOOST_TEST_REQUIRE(books.reported > 10u);
  BOOST_TEST(profiler.take_events().size() == 10u);
  BOOST_TEST(profiler.get_events_lost() == books.reported - 10);
}

// Without being asked a profiler makes no events.
BOOST_AUTO_TEST_CASE(none_unless_wanted) {
  const Spinner spinner;
  EbpfCpuProfiler profiler(watching(spinner));
  BOOST_TEST(profiler.get_events_fd() == -1);
  BOOST_TEST_REQUIRE(profiler.start().has_value());
  BOOST_TEST(profiler.get_events_fd() == -1);
  std::this_thread::sleep_for(200ms);
  BOOST_TEST_REQUIRE(profiler.stop().has_value());
  BOOST_TEST(profiler.take_events().empty());
}

// System calls come while they are made, each once.
BOOST_AUTO_TEST_CASE(system_calls_by_descriptor) {
  Caller caller;
  EbpfSyscallTracer tracer(tracing(caller).with_event_options(wanted()));
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  caller.call();
  std::vector<EbpfEvent> events;
  while (calls_named(events, "getppid") < Caller::kGetppid) {
    BOOST_TEST_REQUIRE(becomes_readable(tracer.get_events_fd()));
    take_all(tracer, events);
  }
  BOOST_TEST(tracer.is_running());
  BOOST_TEST_REQUIRE(tracer.stop().has_value());
  take_all(tracer, events);
  BOOST_TEST(calls_named(events, "getppid") == Caller::kGetppid);
  BOOST_TEST(calls_named(events, "close") == Caller::kFailedClose);
  for (const EbpfEvent& event : events)
    BOOST_TEST((event.type() == EbpfEventType::Syscall));
}

// The same by callback, from the reader's thread.
BOOST_AUTO_TEST_CASE(system_calls_by_callback) {
  Caller caller;
  std::atomic<std::uint64_t> count = 0;
  EventOptions options;
  options.callback = [&](std::span<EbpfEvent> events) {
    for (const EbpfEvent& event : events) {
      const auto* const call = event.get_if<Syscall>();
      if (call != nullptr && call->name == "getppid") ++count;
    }
  };
  EbpfSyscallTracer tracer(tracing(caller).with_event_options(options));
  BOOST_TEST_REQUIRE(tracer.start().has_value());
  caller.call();
  for (int i = 0; i < 1000 && count < Caller::kGetppid; ++i)
    std::this_thread::sleep_for(10ms);
  BOOST_TEST(count == Caller::kGetppid);
  BOOST_TEST_REQUIRE(tracer.stop().has_value());
  BOOST_TEST(count == Caller::kGetppid);
  BOOST_TEST(tracer.get_stats().unique_syscalls == 4u);  // read, write, getppid, close
}

// Each allocation and what takes it back, in the order of the calls, under the functions' names.
BOOST_AUTO_TEST_CASE(allocations_one_by_one) {
  Allocator child;
  EbpfConfig config;
  config.target.pids = {child.pid()};
  config.memory.alloc = config.memory.live = true;
  config.memory.sample_bytes = 1;
  config.memory.max_overhead_percent = 0;
  EbpfMemoryTracer tracer(config.with_event_options(wanted()));
  const auto started = tracer.start();
  BOOST_TEST_REQUIRE(started.has_value(), (started ? "" : started.error().message()));
  child.work();
  BOOST_TEST_REQUIRE(becomes_readable(tracer.get_events_fd()));
  BOOST_TEST_REQUIRE(tracer.stop().has_value());
  std::vector<EbpfEvent> events;
  take_all(tracer, events);
  BOOST_TEST(tracer.get_events_lost() == 0u);

  std::vector<std::string> told;
  for (const EbpfEvent& event : events) {
    BOOST_TEST(event.pid == child.pid());
    if (const auto* const given = event.get_if<MemoryAlloc>()) {
      BOOST_TEST(given->address != 0u);
      BOOST_TEST(!given->frames.empty());
      told.push_back(given->function + " " + std::to_string(given->bytes));
    } else if (const auto* const taken = event.get_if<MemoryFree>()) {
      told.push_back(taken->function + " back " + std::to_string(taken->bytes.value_or(0)));
    }
  }
  std::vector<std::string> expected;
  for (std::uint64_t i = 0; i < Allocator::kBlocks; ++i) {
    expected.insert(expected.end(),
                    {"malloc 1000", "realloc back 1000", "realloc 3000", "free back 3000"});
  }
  BOOST_TEST(told == expected, boost::test_tools::per_element());
}
