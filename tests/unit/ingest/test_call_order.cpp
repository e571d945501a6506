#include <boost/test/unit_test.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "ingest/call_stream.hpp"
#include "syscall_event.h"

using sonde::ingest::CallBytes;
using sonde::ingest::CallOrder;

namespace {

std::string record(std::uint64_t time_ns, std::uint16_t kind = SONDE_RECORD_CALL) {
  sonde_call_record call{};
  call.header = {kind, SONDE_WIRE_VERSION, sizeof(call), time_ns};
  return {reinterpret_cast<const char*>(&call), sizeof(call)};
}

std::vector<std::uint64_t> times(const std::vector<CallBytes>& records) {
  std::vector<std::uint64_t> all;
  for (const CallBytes& one : records)
    all.push_back(one.time_ns);
  return all;
}

using Times = std::vector<std::uint64_t>;

}  // namespace

// Records of two CPUs come out by time; what another CPU may still precede is held back.
BOOST_AUTO_TEST_CASE(merges_and_holds_back) {
  CallOrder order;
  order.add(record(10) + record(30));
  order.add(record(20) + record(40));
  BOOST_TEST(order.take(100).empty());
  order.complete_until(35);
  BOOST_TEST(times(order.take(100)) == (Times{10, 20, 30}), boost::test_tools::per_element());
  order.add(record(36));
  order.complete_until(UINT64_MAX);
  BOOST_TEST(times(order.take(100)) == (Times{36, 40}), boost::test_tools::per_element());
  BOOST_TEST(order.waiting_bytes() == 0u);
  BOOST_TEST(order.calls() == 5u);
}

// Lots are limited, and together they are everything in order.
BOOST_AUTO_TEST_CASE(limited_lots) {
  CallOrder order;
  order.add(record(3) + record(1) + record(2));
  order.complete_until(100);
  BOOST_TEST(times(order.take(2)) == (Times{1, 2}), boost::test_tools::per_element());
  order.add(record(4));
  BOOST_TEST(times(order.take(2)) == (Times{3}), boost::test_tools::per_element());
  BOOST_TEST(times(order.take(2)) == (Times{4}), boost::test_tools::per_element());
}

// A record that is longer than what is left spoils the rest of its chunk, and is counted.
BOOST_AUTO_TEST_CASE(malformed_chunks) {
  CallOrder order;
  order.add(record(1) + record(2).substr(0, 50));
  order.add(std::string(7, 'x'));
  std::string wrong = record(3);
  wrong[2] = 77;  // version
  order.add(wrong);
  order.complete_until(100);
  BOOST_TEST(times(order.take(9)) == (Times{1}), boost::test_tools::per_element());
  BOOST_TEST(order.malformed() == 3u);
}

// Only records of calls are calls.
BOOST_AUTO_TEST_CASE(counts_calls) {
  CallOrder order;
  order.add(record(1, SONDE_RECORD_CALL_MEMORY) + record(2));
  BOOST_TEST(order.calls() == 1u);
}
