#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstring>
#include <span>
#include <vector>

#include "tracers/mem/fault_stacks.hpp"
#include "tracers/mem/processes.hpp"

using namespace sonde;
using tracers::MemProcesses;

namespace {

const std::uint64_t kPage = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));

sonde_mem_space space(std::uint32_t pid, std::int64_t anonymous, std::int64_t file) {
  sonde_mem_space made{};
  made.mm = pid;
  made.tgid = pid;
  std::memcpy(made.comm, "db", 2);
  made.pages[SONDE_MEM_ANONYMOUS] = anonymous;
  made.pages[SONDE_MEM_FILE] = file;
  made.pages[SONDE_MEM_SWAP] = 1000;  // is not resident
  return made;
}

std::span<const std::byte> bytes_of(const std::vector<sonde_mem_space>& spaces) {
  return std::as_bytes(std::span(spaces));
}

symbolize::RawStack stack(std::int32_t pid, std::uint32_t what, std::uint64_t bytes,
                          std::uint32_t cause = SONDE_MEM_CAUSE_FAULT) {
  symbolize::RawStack made;
  made.pid = pid;
  made.comm = "thread";
  made.label_id = SONDE_MEM_LABEL(what, SONDE_MEM_ANONYMOUS, cause, 0);
  made.values = {bytes, 1};
  return made;
}

const Value& cell(const Table& table, std::size_t row, const std::string& key) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].key == key) return table.rows.at(row)[i];
  }
  BOOST_FAIL("no column " + key);
  return table.rows[0][0];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mem_processes)

// Before, growth, release and after add up; what they do not explain is told.
BOOST_AUTO_TEST_CASE(sums) {
  MemProcesses processes(false);
  processes.begin(bytes_of({space(1, 10, 5), space(2, 1, 0)}));
  processes.now(bytes_of({space(1, 17, 5), space(1, 17, 5), space(2, 1, 0), space(3, 2, 0)}));
  processes.add(SONDE_MEM_GROWTH, stack(1, SONDE_MEM_GROWTH, 9 * kPage));
  processes.add(SONDE_MEM_RELEASE, stack(1, SONDE_MEM_RELEASE, 3 * kPage));
  processes.add(SONDE_MEM_MAP, stack(1, SONDE_MEM_MAP, 99 * kPage));
  const Table table = processes.tables().at(0);
  // Process 2 did not change.
  BOOST_REQUIRE_EQUAL(table.rows.size(), 2u);
  BOOST_TEST((cell(table, 0, "pid") == Value(std::int64_t{1})));
  BOOST_TEST((cell(table, 0, "comm") == Value(std::string("db"))));
  BOOST_TEST((cell(table, 0, "rss_before_bytes") == Value(15 * kPage)));
  BOOST_TEST((cell(table, 0, "growth_bytes") == Value(9 * kPage)));
  BOOST_TEST((cell(table, 0, "released_bytes") == Value(3 * kPage)));
  BOOST_TEST((cell(table, 0, "rss_after_bytes") == Value(22 * kPage)));
  BOOST_TEST((cell(table, 0, "unattributed_bytes") == Value(static_cast<std::int64_t>(kPage))));
  // Not read.
  BOOST_TEST((cell(table, 0, "pss_after_bytes") == Value(std::monostate{})));
  // Was not there before.
  BOOST_TEST((cell(table, 1, "rss_before_bytes") == Value(std::monostate{})));
  BOOST_TEST((cell(table, 1, "rss_after_bytes") == Value(2 * kPage)));
  BOOST_TEST(processes.growth_bytes() == 9 * kPage);
  BOOST_TEST(processes.released_bytes() == 3 * kPage);
}

// An interval begins with what the one before ended with; a process that ended has nothing after.
BOOST_AUTO_TEST_CASE(intervals) {
  MemProcesses processes(false);
  processes.begin(bytes_of({space(1, 10, 0)}));
  processes.now(bytes_of({space(1, 12, 0)}));
  processes.add(SONDE_MEM_GROWTH, stack(1, SONDE_MEM_GROWTH, 2 * kPage));
  static_cast<void>(processes.tables());
  processes.now({});
  processes.add(SONDE_MEM_RELEASE, stack(1, SONDE_MEM_RELEASE, 12 * kPage));
  const Table table = processes.tables().at(0);
  BOOST_REQUIRE_EQUAL(table.rows.size(), 1u);
  BOOST_TEST((cell(table, 0, "rss_before_bytes") == Value(12 * kPage)));
  BOOST_TEST((cell(table, 0, "growth_bytes") == Value(std::uint64_t{0})));
  BOOST_TEST((cell(table, 0, "rss_after_bytes") == Value(std::monostate{})));
  BOOST_TEST((cell(table, 0, "unattributed_bytes") == Value(std::monostate{})));
}

// Stacks of the lane are taken by measure, with kind and cause in words; others stay.
BOOST_AUTO_TEST_CASE(labels) {
  constexpr std::uint32_t kMunmap = 11;  // x86-64
  std::vector<symbolize::RawStack> counted = {
      stack(1, SONDE_MEM_GROWTH, 1), stack(1, SONDE_MEM_RELEASE, 2, kMunmap),
      stack(1, 15, 3),  // of another lane
      stack(1, SONDE_MEM_UNMAP, 4, SONDE_MEM_CAUSE_UNKNOWN)};
  tracers::FaultStacks faults(counted);
  BOOST_REQUIRE_EQUAL(counted.size(), 1u);
  BOOST_TEST(counted[0].values[0] == 3u);
  for (const tracers::FaultMeasure& measure : tracers::kFaultMeasures) {
    const auto stacks = faults.take(measure);
    switch (measure.what) {
      case SONDE_MEM_GROWTH:
        BOOST_REQUIRE_EQUAL(stacks.size(), 1u);
        BOOST_TEST((stacks[0].details ==
                    std::vector<Value>{std::string("anonymous"), std::string("fault")}));
        break;
      case SONDE_MEM_RELEASE:
        BOOST_REQUIRE_EQUAL(stacks.size(), 1u);
        BOOST_TEST((stacks[0].details ==
                    std::vector<Value>{std::string("anonymous"), std::string("munmap")}));
        break;
      case SONDE_MEM_UNMAP:
        BOOST_REQUIRE_EQUAL(stacks.size(), 1u);
        BOOST_TEST((stacks[0].details == std::vector<Value>{std::monostate{}}));
        break;
      default:
        BOOST_TEST(stacks.empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
