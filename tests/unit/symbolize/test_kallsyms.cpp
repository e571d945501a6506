#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <vector>

#include "symbolize/kallsyms.hpp"
#include "temp_dir.hpp"

using namespace sonde::symbolize;

namespace {

auto symbols_in(const std::string& kallsyms, const std::vector<std::uint64_t>& addresses) {
  const sonde::test::TempDir root;
  root.write("proc/kallsyms", kallsyms);
  return find_kernel_symbols(root.path(), addresses);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kallsyms)

// Core, module and BPF symbols, in no order; an address belongs to the last one that starts before
// it.
BOOST_AUTO_TEST_CASE(finds_functions) {
  const auto found = symbols_in(
      "ffffffffc0000100 t mod_function\t[ext4]\n"
      "ffffffff81000200 T second\n"
      "ffffffff81000100 t first\n"
      "ffffffffc0100000 t bpf_prog_1234_f\t[bpf]\n"
      "0000000000001000 A per_cpu\n",
      {0xffffffff81000100, 0xffffffff810001ff, 0xffffffff81000200, 0xffffffffc0000180,
       0xffffffffc0100010});
  BOOST_REQUIRE(found.has_value());
  const auto is = [&](std::size_t i, const char* name, const char* module) {
    BOOST_TEST((*found)[i].name == name);
    BOOST_TEST((*found)[i].module == module);
  };
  is(0, "first", "[kernel]");
  is(1, "first", "[kernel]");
  is(2, "second", "[kernel]");
  is(3, "mod_function", "[ext4]");
  is(4, "bpf_prog_1234_f", "[bpf]");
}

// Before the first symbol, after a data symbol, and farther behind a symbol than functions are
// long: no name.
BOOST_AUTO_TEST_CASE(does_not_guess) {
  const auto found = symbols_in(
      "ffffffff81000000 T f\n"
      "ffffffff81001000 D data\n"
      "ffffffff82000000 T last\n",
      {0xffffffff80000000, 0xffffffff81000800, 0xffffffff81001800, 0xffffffff83000000});
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST((*found)[0].name == "");
  BOOST_TEST((*found)[1].name == "f");
  BOOST_TEST((*found)[2].name == "");
  BOOST_TEST((*found)[3].name == "");
}

// Of symbols at one address: code before data, exported before local, then the nicer name.
BOOST_AUTO_TEST_CASE(chooses_among_aliases) {
  const auto found = symbols_in(
      "ffffffff81000000 t local\n"
      "ffffffff81000000 T __exported\n"
      "ffffffff81000000 T exported\n"
      "ffffffff81000000 D data\n",
      {0xffffffff81000004});
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST((*found)[0].name == "exported");
}

// Without CAP_SYSLOG all addresses read as zero: that is an error, not a kernel without functions.
BOOST_AUTO_TEST_CASE(zeros_are_an_error) {
  const auto found =
      symbols_in("0000000000000000 T a\n0000000000000000 t b\t[m]\n", {0xffffffff81000000});
  BOOST_REQUIRE(!found.has_value());
  BOOST_TEST((found.error().code == sonde::ErrorCode::InsufficientPermissions));
  BOOST_TEST(!find_kernel_symbols("/nonexistent", {}).has_value());
}

// Lines that are not of the format are skipped.
BOOST_AUTO_TEST_CASE(skips_bad_lines) {
  const auto found =
      symbols_in("\nxyz\nffffffff81000000\nffffffff81000000 T\nffffffff81000000  T x\n" +
                     std::string(100'000, 'f') + "\nffffffff81000000 T good\n",
                 {0xffffffff81000001});
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST((*found)[0].name == "good");
}

BOOST_AUTO_TEST_SUITE_END()
