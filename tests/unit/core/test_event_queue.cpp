#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "core/event_queue.hpp"

using namespace sonde;

namespace {

EbpfEvent numbered(std::int32_t number) {
  EbpfEvent event;
  event.pid = number;
  return event;
}

std::unique_ptr<core::EventQueue> queue_of(std::size_t capacity) {
  auto queue = core::EventQueue::open(capacity);
  BOOST_TEST_REQUIRE(queue.has_value());
  return std::move(*queue);
}

bool is_readable(const core::EventQueue& queue) {
  pollfd waiting{queue.fd(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

}  // namespace

// Events come out in the order in which they went in, a lot at a time.
BOOST_AUTO_TEST_CASE(keeps_the_order) {
  const auto queue = queue_of(10);
  for (int i = 0; i < 5; ++i)
    queue->push(numbered(i));
  const auto first = queue->take(3);
  BOOST_TEST_REQUIRE(first.size() == 3u);
  BOOST_TEST(first[0].pid == 0);
  BOOST_TEST(first[2].pid == 2);
  const auto rest = queue->take(3);
  BOOST_TEST_REQUIRE(rest.size() == 2u);
  BOOST_TEST(rest[1].pid == 4);
  BOOST_TEST(queue->take(3).empty());
}

// What finds no room is dropped and counted, and what was there stays.
BOOST_AUTO_TEST_CASE(is_bounded) {
  const auto queue = queue_of(2);
  for (int i = 0; i < 5; ++i)
    queue->push(numbered(i));
  BOOST_TEST(queue->lost() == 3u);
  const auto kept = queue->take(10);
  BOOST_TEST_REQUIRE(kept.size() == 2u);
  BOOST_TEST(kept[0].pid == 0);
  BOOST_TEST(kept[1].pid == 1);
  queue->count_lost(4);
  BOOST_TEST(queue->lost() == 7u);
}

// The descriptor is readable exactly while there is something to take.
BOOST_AUTO_TEST_CASE(descriptor_tells) {
  const auto queue = queue_of(10);
  BOOST_TEST(!is_readable(*queue));
  queue->push(numbered(1));
  queue->push(numbered(2));
  BOOST_TEST(is_readable(*queue));
  BOOST_TEST(queue->take(1).size() == 1u);
  BOOST_TEST(is_readable(*queue));
  BOOST_TEST(queue->take(1).size() == 1u);
  BOOST_TEST(!is_readable(*queue));
  queue->notify();
  BOOST_TEST(is_readable(*queue));
  queue->acknowledge();
  BOOST_TEST(!is_readable(*queue));
}

// One thread pushes while another takes: every event arrives once, or is counted as lost.
BOOST_AUTO_TEST_CASE(two_threads) {
  constexpr int kEvents = 20'000;
  const auto queue = queue_of(64);
  std::uint64_t taken = 0;
  std::int32_t last = -1;
  bool in_order = true;
  std::thread pusher([&] {
    for (int i = 0; i < kEvents; ++i)
      queue->push(numbered(i));
  });
  while (taken + queue->lost() < kEvents) {
    for (const EbpfEvent& event : queue->take(16)) {
      in_order = in_order && event.pid > last;
      last = event.pid;
      ++taken;
    }
  }
  pusher.join();
  BOOST_TEST(in_order);
  BOOST_TEST(taken + queue->lost() == static_cast<std::uint64_t>(kEvents));
}
