#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "command.hpp"
#include "elf_files.hpp"
#include "unwind/code_ranges.hpp"

using namespace sonde;

// Every range of code that readelf sees is found by its first and last byte, and nothing is found
// before the first one.
BOOST_AUTO_TEST_CASE(ranges_as_readelf_sees_them) {
  const std::string file = FRAMES_LIBRARY;
  const unwind::CodeRanges ranges(test::open_image(file));
  std::istringstream lines(
      test::output_of("readelf --debug-dump=frames " + file +
                      " | sed -n 's/.* FDE .*pc=\\([0-9a-f]*\\)\\.\\.\\([0-9a-f]*\\)$/\\1 \\2/p'"));
  std::string from;
  std::string to;
  std::size_t count = 0;
  while (lines >> from >> to) {
    const std::uint64_t start = std::strtoull(from.c_str(), nullptr, 16);
    const std::uint64_t end = std::strtoull(to.c_str(), nullptr, 16);
    for (const std::uint64_t address : {start, end - 1}) {
      const auto range = ranges.at(address);
      BOOST_TEST_REQUIRE(range.has_value(), from);
      BOOST_TEST(range->start == start);
      BOOST_TEST(range->length == end - start);
    }
    ++count;
  }
  BOOST_TEST(count > 3u);
  BOOST_TEST(!ranges.at(0).has_value());
  BOOST_TEST(!ranges.at(UINT64_MAX).has_value());
}
