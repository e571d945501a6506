#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "cpu_event.h"
#include "stack_records.hpp"
#include "tracers/cpu/sample_event.hpp"
#include "tracers/stacks/stack_events.hpp"

using namespace sonde;

namespace {

std::vector<std::byte> sample_record(std::uint64_t key, std::uint32_t cpu, std::uint64_t time_ns) {
  sonde_sample_record record{};
  record.header = {SONDE_RECORD_SAMPLE, SONDE_WIRE_VERSION, sizeof(record), time_ns};
  record.key = key;
  record.cpu = cpu;
  std::vector<std::byte> bytes(sizeof(record));
  std::memcpy(bytes.data(), &record, sizeof(record));
  return bytes;
}

// Names each address by itself: one frame for each, in a module of the stack's own.
StackProfile name_stacks(const std::vector<symbolize::RawStack>& stacks) {
  StackProfile profile;
  profile.modules = {{"/bin/prog", ""}};
  for (const symbolize::RawStack& raw : stacks) {
    Stack stack{raw.pid, raw.tid, raw.comm, {}, {}};
    for (const std::uint64_t address : raw.user) {
      stack.frames.push_back(static_cast<std::uint32_t>(profile.frames.size()));
      profile.frames.push_back({"f" + std::to_string(address), 0, FrameKind::user, address});
    }
    profile.stacks.push_back(stack);
  }
  return profile;
}

struct Fixture {
  std::unique_ptr<core::EventQueue> queue = std::move(*core::EventQueue::open(4));
  tracers::StackEvents samples{*queue};
  aggregate::StackCounts stacks;

  void add_stack(const test::StackRecord& record) {
    BOOST_TEST_REQUIRE(stacks.consume(record.bytes()));
    samples.add_stack(record.key, *stacks.find(record.key));
  }
  void add_sample(const std::vector<std::byte>& record) {
    auto event = tracers::decode_sample(record);
    BOOST_TEST_REQUIRE(event.has_value());
    samples.add(std::move(*event), stacks);
  }
  std::vector<EbpfEvent> take(std::size_t limit = 100) { return samples.take(limit, name_stacks); }
};

}  // namespace

// Each sample is an event with its own time and CPU, and the frames of its stack.
BOOST_FIXTURE_TEST_CASE(samples_become_events, Fixture) {
  add_stack({.key = 7, .tgid = 10, .tid = 11, .comm = "a", .user = {1, 2}});
  add_stack({.key = 8, .tgid = 20, .tid = 20, .comm = "b", .user = {3}});
  add_sample(sample_record(7, 0, 1000));
  add_sample(sample_record(8, 1, 2000));
  add_sample(sample_record(7, 1, 5000));
  const auto events = take();
  BOOST_TEST_REQUIRE(events.size() == 3u);
  BOOST_TEST(events[0].pid == 10);
  BOOST_TEST(events[0].tid == 11);
  BOOST_TEST(events[0].comm == "a");
  BOOST_TEST((events[0].type() == EbpfEventType::CpuSample));
  const auto* const first = events[0].get_if<CpuSample>();
  BOOST_TEST_REQUIRE(first != nullptr);
  BOOST_TEST_REQUIRE(first->frames.size() == 2u);
  BOOST_TEST(first->frames[0].name == "f1");
  BOOST_TEST(first->frames[1].name == "f2");
  BOOST_TEST(first->frames[0].module == "/bin/prog");
  BOOST_TEST(events[1].pid == 20);
  BOOST_TEST(events[2].get_if<CpuSample>()->cpu == 1u);
  BOOST_TEST((events[2].time - events[0].time == std::chrono::nanoseconds(4000)));
  BOOST_TEST(take().empty());
}

// A sample may come before its stack; one whose stack never comes is lost, and counted.
BOOST_FIXTURE_TEST_CASE(waits_for_the_stack, Fixture) {
  add_sample(sample_record(7, 0, 1000));
  add_sample(sample_record(9, 0, 1000));
  BOOST_TEST(take().empty());
  add_stack({.key = 7, .user = {1}});
  BOOST_TEST(take().size() == 1u);
  samples.finish();
  BOOST_TEST(queue->lost() == 1u);
}

// No more than the queue's capacity wait: the rest is counted as lost.
BOOST_FIXTURE_TEST_CASE(is_bounded, Fixture) {
  add_stack({.key = 7, .user = {1}});
  for (std::uint64_t i = 0; i < 6; ++i)
    add_sample(sample_record(7, 0, i));
  BOOST_TEST(queue->lost() == 2u);
  for (std::uint64_t i = 0; i < 6; ++i)
    add_sample(sample_record(99, 0, i));
  BOOST_TEST(queue->lost() == 4u);
  BOOST_TEST(take(3).size() == 3u);
  BOOST_TEST(take().size() == 1u);
}

// What is not a sample is refused.
BOOST_FIXTURE_TEST_CASE(malformed_samples, Fixture) {
  auto bytes = sample_record(7, 0, 1000);
  bytes.pop_back();
  BOOST_TEST(!tracers::decode_sample(bytes).has_value());
  bytes = sample_record(7, 0, 1000);
  bytes[2] = std::byte{0xff};  // the version
  BOOST_TEST(!tracers::decode_sample(bytes).has_value());
}

// An event without a stack of its own keeps its place among those that have one.
BOOST_FIXTURE_TEST_CASE(events_without_a_stack, Fixture) {
  add_stack({.key = 7, .tgid = 10, .comm = "a", .user = {1}});
  add_sample(sample_record(7, 0, 1000));
  tracers::StackEvent free{2000, 0, {}};
  free.event.pid = 30;
  free.event.data = MemoryFree{0x1000, 16, "free"};
  samples.add(free, stacks);
  add_sample(sample_record(7, 0, 3000));
  const auto events = take();
  BOOST_TEST_REQUIRE(events.size() == 3u);
  BOOST_TEST(events[0].pid == 10);
  BOOST_TEST(events[1].pid == 30);
  BOOST_TEST_REQUIRE(events[1].get_if<MemoryFree>() != nullptr);
  BOOST_TEST(events[1].get_if<MemoryFree>()->bytes.value() == 16u);
  BOOST_TEST(events[2].get_if<CpuSample>()->frames.size() == 1u);
}
