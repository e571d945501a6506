#include <array>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <span>

#include "aggregate/call_rows.hpp"
#include "syscall_event.h"

using namespace sonde::aggregate;

namespace {

sonde_call_key key(std::uint32_t number, std::uint32_t tgid, std::uint32_t tid,
                   std::uint16_t error = 0) {
  sonde_call_key key{};
  key.number = number;
  key.tgid = tgid;
  key.tid = tid;
  key.error = error;
  return key;
}

sonde_call_stats stats(const char* comm, std::uint64_t calls, std::uint64_t min_ns,
                       std::uint64_t max_ns) {
  sonde_call_stats stats{};
  stats.calls = calls;
  stats.timed = calls;
  stats.min_ns = min_ns;
  stats.max_ns = max_ns;
  stats.total_ns = min_ns + max_ns;
  std::strncpy(stats.comm, comm, sizeof(stats.comm) - 1);
  return stats;
}

void add(CallRows& rows, const sonde_call_key& key, const sonde_call_stats& value) {
  rows.add(key, std::as_bytes(std::span(&value, 1)), sizeof(value));
}

}  // namespace

// What rows are not told apart by is added up; errors are counted by errno all the same.
BOOST_AUTO_TEST_CASE(merges_what_was_not_asked_for) {
  CallRows rows({});
  add(rows, key(3, 10, 11), stats("a", 5, 100, 200));
  add(rows, key(3, 10, 12, 9), stats("a", 2, 50, 60));
  add(rows, key(3, 20, 20, 4), stats("b", 1, 900, 900));
  BOOST_TEST(rows.counted() == 8u);
  const auto all = rows.take();
  BOOST_TEST_REQUIRE(all.size() == 1u);
  const CallRow& row = all.begin()->second;
  BOOST_TEST(row.calls == 8u);
  BOOST_TEST(row.errors == 3u);
  BOOST_TEST(row.by_error.at(9) == 2u);
  BOOST_TEST(row.by_error.at(4) == 1u);
  BOOST_TEST(row.min_ns == 50u);
  BOOST_TEST(row.max_ns == 900u);
  BOOST_TEST(rows.take().empty());
  BOOST_TEST(rows.counted() == 8u);
}

// Rows by process join its threads and have the name of its main thread.
BOOST_AUTO_TEST_CASE(by_process) {
  CallRows rows({.process = true});
  add(rows, key(3, 10, 11), stats("worker", 5, 1, 2));
  add(rows, key(3, 10, 10), stats("main", 1, 1, 2));
  add(rows, key(3, 10, 12), stats("worker", 1, 1, 2));
  add(rows, key(3, 20, 20), stats("other", 1, 1, 2));
  const auto all = rows.take();
  BOOST_TEST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all.begin()->second.calls == 7u);
  BOOST_TEST(all.begin()->second.comm == "main");
}

// Rows by error keep success and each errno apart.
BOOST_AUTO_TEST_CASE(by_error) {
  CallRows rows({.error = true});
  add(rows, key(3, 0, 0), stats("a", 5, 1, 2));
  add(rows, key(3, 0, 0, 2), stats("a", 1, 1, 2));
  add(rows, key(3, 0, 0, 13), stats("a", 1, 1, 2));
  BOOST_TEST(rows.take().size() == 3u);
}

// The values of a per-CPU row are added up; a CPU that saw no call does not count.
BOOST_AUTO_TEST_CASE(per_cpu_values) {
  const std::array<sonde_call_stats, 3> values = {stats("a", 2, 10, 20), sonde_call_stats{},
                                                  stats("a", 3, 5, 15)};
  CallRows rows({});
  rows.add(key(1, 0, 0), std::as_bytes(std::span(values)), sizeof(values[0]));
  const auto all = rows.take();
  BOOST_TEST(all.begin()->second.calls == 5u);
  BOOST_TEST(all.begin()->second.min_ns == 5u);
  BOOST_TEST(all.begin()->second.max_ns == 20u);
}

// Rows of a session that only counts are as long as the part before the buckets, and have no times.
BOOST_AUTO_TEST_CASE(counting_only) {
  sonde_call_stats value{};
  value.calls = 4;
  const auto bytes = std::as_bytes(std::span(&value, 1)).first(offsetof(sonde_call_stats, buckets));
  CallRows rows({});
  rows.add(key(1, 0, 0, 2), bytes, bytes.size());
  rows.add_calls(0, 1, 6);
  rows.add_calls(0, 2, 0);
  const auto all = rows.take();
  BOOST_TEST_REQUIRE(all.size() == 1u);
  BOOST_TEST(all.begin()->second.calls == 10u);
  BOOST_TEST(all.begin()->second.errors == 4u);
  BOOST_TEST(all.begin()->second.timed == 0u);
}
