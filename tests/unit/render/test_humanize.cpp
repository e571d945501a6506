#include <boost/test/unit_test.hpp>

#include <limits>

#include "render/humanize.hpp"

namespace {

using namespace sonde::render;
using sonde::Unit;
using sonde::Value;

}  // namespace

// Three digits, and the next unit as soon as rounding reaches it.
BOOST_AUTO_TEST_CASE(times_have_three_digits) {
  BOOST_TEST(humanize_nanoseconds(0) == "0 ns");
  BOOST_TEST(humanize_nanoseconds(999) == "999 ns");
  BOOST_TEST(humanize_nanoseconds(999.6) == "1.00 us");
  BOOST_TEST(humanize_nanoseconds(9'994) == "9.99 us");
  BOOST_TEST(humanize_nanoseconds(9'996) == "10.0 us");
  BOOST_TEST(humanize_nanoseconds(1'234'567) == "1.23 ms");
  BOOST_TEST(humanize_nanoseconds(999'600'000) == "1.00 s");
  BOOST_TEST(humanize_nanoseconds(7.2e12) == "7200 s");
  BOOST_TEST(humanize_nanoseconds(-1500) == "-1.50 us");
}

// Bytes scale by 1024; there is no half byte.
BOOST_AUTO_TEST_CASE(bytes_are_binary) {
  BOOST_TEST(humanize_bytes(0) == "0 B");
  BOOST_TEST(humanize_bytes(1023) == "1023 B");
  BOOST_TEST(humanize_bytes(1024) == "1.00 KiB");
  BOOST_TEST(humanize_bytes(1536) == "1.50 KiB");
  BOOST_TEST(humanize_bytes(4'718'592) == "4.50 MiB");
  BOOST_TEST(humanize_bytes(1e18) == "909495 TiB");
}

// Exact integers, "-" for what was not measured or is no number, words for truth values.
BOOST_AUTO_TEST_CASE(values_by_unit) {
  BOOST_TEST(humanize(Value{}, Unit::bytes) == "-");
  BOOST_TEST(humanize(std::numeric_limits<double>::quiet_NaN(), Unit::percent) == "-");
  BOOST_TEST(humanize(UINT64_MAX, Unit::count) == "18446744073709551615");
  BOOST_TEST(humanize(std::int64_t{-5}, Unit::none) == "-5");
  BOOST_TEST(humanize(std::uint64_t{1500}, Unit::microseconds) == "1.50 ms");
  BOOST_TEST(humanize(std::uint64_t{99}, Unit::hertz) == "99 Hz");
  BOOST_TEST(humanize(0.456, Unit::percent) == "0.46");
  BOOST_TEST(humanize(true, Unit::none) == "yes");
  BOOST_TEST(humanize(std::string("a\x1b"), Unit::none) == "a?");
}
