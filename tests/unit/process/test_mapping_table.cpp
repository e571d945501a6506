#include <boost/test/unit_test.hpp>

#include "process/mapping_table.hpp"

using namespace sonde::process;

namespace {

TimedMapping anonymous(std::uint64_t start, std::uint64_t end, std::uint64_t time_ns) {
  TimedMapping entry;
  entry.mapping = {start, end, 0, Mapping::Kind::anonymous, nullptr};
  entry.time_ns = time_ns;
  return entry;
}

TimedMapping of_file(std::uint64_t start, std::uint64_t end, std::uint64_t offset,
                     std::uint64_t time_ns, std::shared_ptr<const MappedFile> file) {
  TimedMapping entry;
  entry.mapping = {start, end, offset, Mapping::Kind::file, std::move(file)};
  entry.time_ns = time_ns;
  return entry;
}

std::shared_ptr<const MappedFile> file(const char* path) {
  return std::make_shared<MappedFile>(MappedFile{{1, 1}, path, {}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mapping_table)

// Of two mappings of one address the one holds that was the newest at the time asked for.
BOOST_AUTO_TEST_CASE(later_mapping_hides_earlier_from_its_time_on) {
  MappingTable table;
  const auto a = file("/a");
  const auto b = file("/b");
  table.add(of_file(0x1000, 0x9000, 0, 10, a));
  table.add(of_file(0x3000, 0x4000, 0, 20, b));
  BOOST_TEST(table.find(0x3800, 15)->file == a);
  BOOST_TEST(table.find(0x3800, 20)->file == b);
  BOOST_TEST(table.find(0x4000, 30)->file == a);
  BOOST_TEST(table.find(0x1000, 30)->file == a);
  BOOST_TEST(table.find(0x8fff, 30)->file == a);
  BOOST_TEST((table.find(0x9000, 30) == nullptr));
  BOOST_TEST((table.find(0x0fff, 30) == nullptr));
}

// A mapping seen after the sample serves if nothing was known at the time of the sample.
BOOST_AUTO_TEST_CASE(mapping_seen_later_serves_in_need) {
  MappingTable table;
  const auto a = file("/a");
  table.add(of_file(0x1000, 0x2000, 0, 10, a));
  table.add(of_file(0x1000, 0x2000, 0, 20, file("/b")));
  BOOST_TEST(table.find(0x1800, 5)->file == a);
}

// What both the kernel's records and /proc tell is kept once, also when one shows only a part.
BOOST_AUTO_TEST_CASE(same_mapping_is_kept_once) {
  MappingTable table;
  const auto a = file("/a");
  table.add(of_file(0x1000, 0x5000, 0x2000, 10, a));
  table.add(of_file(0x1000, 0x5000, 0x2000, 20, a));
  table.add(of_file(0x2000, 0x3000, 0x3000, 30, a));
  BOOST_TEST(table.entries().size() == 1u);
  table.add(of_file(0x2000, 0x3000, 0x9000, 40, a));  // another part of the file
  BOOST_TEST(table.entries().size() == 2u);
}

// Memory of a JIT compiler that grows stays one entry, but not across a file mapped in between.
BOOST_AUTO_TEST_CASE(growing_anonymous_memory_is_one_entry) {
  MappingTable table;
  for (std::uint64_t pages = 1; pages <= 100; ++pages) {
    table.add(anonymous(0x10000, 0x10000 + pages * 0x1000, pages));
  }
  BOOST_TEST(table.entries().size() == 1u);
  BOOST_TEST((table.find(0x10000 + 99 * 0x1000, 100) != nullptr));
  const auto a = file("/a");
  table.add(of_file(0x10000, 0x11000, 0, 200, a));
  table.add(anonymous(0x10000, 0x11000, 300));
  BOOST_TEST(table.find(0x10000, 250)->file == a);
  BOOST_TEST((table.find(0x10000, 300)->kind == Mapping::Kind::anonymous));
}

// A process that maps code without end does not use up memory.
BOOST_AUTO_TEST_CASE(number_of_mappings_is_bounded) {
  MappingTable table;
  for (std::uint64_t i = 0; i < 100'000; ++i)
    table.add(anonymous(i * 0x2000, i * 0x2000 + 1, i));
  BOOST_TEST(table.entries().size() <= 8192u);
  BOOST_TEST((table.find(0, 0) != nullptr));
}

// All at once, a newer mapping cuts what it hides out of older ones, and the rest keeps its place
// in the file.
BOOST_AUTO_TEST_CASE(newest_cuts_older) {
  MappingTable table;
  const auto a = file("/a");
  const auto b = file("/b");
  table.add(of_file(0x1000, 0x9000, 0x100000, 10, a));
  table.add(of_file(0x3000, 0x4000, 0, 20, b));
  table.add(of_file(0x8000, 0xa000, 0x5000, 30, b));
  const auto all = table.newest();
  BOOST_TEST_REQUIRE(all.size() == 4u);
  const auto expect = [&](std::size_t i, std::uint64_t start, std::uint64_t end,
                          std::uint64_t offset, const std::shared_ptr<const MappedFile>& of) {
    BOOST_TEST(all[i].start == start);
    BOOST_TEST(all[i].end == end);
    BOOST_TEST(all[i].file_offset == offset);
    BOOST_TEST((all[i].file == of));
  };
  expect(0, 0x1000, 0x3000, 0x100000, a);
  expect(1, 0x3000, 0x4000, 0, b);
  expect(2, 0x4000, 0x8000, 0x103000, a);
  expect(3, 0x8000, 0xa000, 0x5000, b);
}

BOOST_AUTO_TEST_SUITE_END()
