#include <boost/test/unit_test.hpp>
#include <vector>

#include "process/regular_file.hpp"
#include "symbolize/perf_map.hpp"
#include "temp_dir.hpp"

using sonde::symbolize::find_jit_names;
using Names = std::vector<std::string>;

namespace {

sonde::symbolize::JitNames names_in(const std::string& content,
                                    const std::vector<std::uint64_t>& addresses) {
  const sonde::test::TempDir directory;
  const sonde::UniqueFd fd = sonde::process::open_regular(directory.write("perf.map", content));
  return find_jit_names(fd.get(), addresses);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(perf_map)

// Names are taken as they are, spaces included, for the half-open range of their line; 0x is
// allowed.
BOOST_AUTO_TEST_CASE(names_ranges) {
  const auto found = names_in(
      "1000 10 LazyCompile:~run /app/a b.js:1\n"
      "0x2000 0x8 Lcom/example/Main;::go\n",
      {0xfff, 0x1000, 0x100f, 0x1010, 0x2007});
  BOOST_TEST(found.names ==
             (Names{"", "LazyCompile:~run /app/a b.js:1", "LazyCompile:~run /app/a b.js:1", "",
                    "Lcom/example/Main;::go"}));
  BOOST_TEST(found.bad_lines == 0u);
}

// Memory is used again: of overlapping lines the last one holds, where it covers.
BOOST_AUTO_TEST_CASE(later_lines_win) {
  const auto found =
      names_in("1000 100 old\n1040 10 newer\n1048 4 newest", {0x1040, 0x1049, 0x1060});
  BOOST_TEST(found.names == (Names{"newer", "newest", "old"}));
}

// Lines that are not of the format are counted, and the others still serve.
BOOST_AUTO_TEST_CASE(bad_lines_are_counted) {
  const auto found = names_in(
      "xyz 10 a\n1000 b\n1000 0 empty\n\nffffffffffffffff ff wraps\n1000 10\n"
      "10000000000000000 10 wide\n3000 10 good\n",
      {0x1000, 0x3000});
  BOOST_TEST(found.names == (Names{"", "good"}));
  BOOST_TEST(found.bad_lines == 7u);
}

// Binary rubbish, a line of megabytes and a line cut off at the end do no harm.
BOOST_AUTO_TEST_CASE(hostile_content) {
  std::string content = "5000 10 before\n" + std::string(3'000'000, 'x') + "\n6000 10 after\n";
  for (int i = 0; i < 100'000; ++i)
    content += static_cast<char>((i * 7919) >> 3);
  content += "\n7000 10 last";
  const auto found = names_in(content, {0x5000, 0x6000, 0x7000});
  BOOST_TEST(found.names == (Names{"before", "after", "last"}));
  BOOST_TEST(found.bad_lines > 0u);
  BOOST_TEST(names_in("", {1}).names == Names{""});
  BOOST_TEST(names_in(std::string(100'000, 'y'), {1}).bad_lines == 1u);
}

// Many lines that all cover every wanted address cost no more than their number.
BOOST_AUTO_TEST_CASE(overlapping_lines) {
  std::string content;
  for (int i = 0; i < 100'000; ++i)
    content += "0 ffffffff f" + std::to_string(i) + "\n";
  std::vector<std::uint64_t> addresses;
  for (std::uint64_t a = 0; a < 20'000; ++a)
    addresses.push_back(a * 3);
  const auto found = names_in(content, addresses);
  BOOST_TEST(found.names.front() == "f99999");
  BOOST_TEST(found.names.back() == "f99999");
}

BOOST_AUTO_TEST_SUITE_END()
