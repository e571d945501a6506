#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

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

// Whole numbers of nanoseconds, which have a way of their own, look as the others do.
BOOST_AUTO_TEST_CASE(whole_times_have_three_digits) {
  const auto time = [](std::uint64_t value) { return humanize(value, Unit::nanoseconds); };
  BOOST_TEST(time(0) == "0 ns");
  BOOST_TEST(time(999) == "999 ns");
  BOOST_TEST(time(1'000) == "1.00 us");
  BOOST_TEST(time(9'994) == "9.99 us");
  BOOST_TEST(time(9'995) == "10.0 us");
  BOOST_TEST(time(12'345) == "12.3 us");
  BOOST_TEST(time(99'949) == "99.9 us");
  BOOST_TEST(time(99'950) == "100 us");
  BOOST_TEST(time(999'499) == "999 us");
  BOOST_TEST(time(999'500) == "1.00 ms");
  BOOST_TEST(time(1'234'567) == "1.23 ms");
  BOOST_TEST(time(59'999'999'999) == "60.0 s");
  BOOST_TEST(time(7'200'000'000'000) == "7200 s");
  BOOST_TEST(time(UINT64_MAX) == "18446744074 s");
  BOOST_TEST(humanize(std::int64_t{-1500}, Unit::nanoseconds) == "-1.50 us");
  // Away from ties both ways agree.
  for (std::uint64_t value = 1; value < 1'000'000'000'000; value = value * 17 / 13 + 3) {
    if (value % 10 == 5 || value % 10 == 0) continue;
    BOOST_TEST(time(value) == humanize_nanoseconds(static_cast<double>(value)));
  }
}

// Times of day are local, to the microsecond, also before the epoch and after a change of the
// second back and forth.
BOOST_AUTO_TEST_CASE(times_of_day) {
  ::setenv("TZ", "IST-5:30", 1);
  ::tzset();
  const auto day = [](std::int64_t value) { return humanize(value, Unit::timestamp); };
  BOOST_TEST(day(0) == "05:30:00.000000");
  BOOST_TEST(day(1'714'979'289'123'456'789) == "12:38:09.123456");
  BOOST_TEST(day(-1) == "05:29:59.999999");
  LocalTime time;
  std::string text;
  for (const std::int64_t value : {0ll, 999'999'999ll, 1'000'000'000ll, 1'000ll}) {
    time.append(text, value);
    text += ' ';
  }
  BOOST_TEST(text == "05:30:00.000000 05:30:00.999999 05:30:01.000000 05:30:00.000001 ");
  ::setenv("TZ", "UTC", 1);
  ::tzset();
}

// A list is its elements with commas between them.
BOOST_AUTO_TEST_CASE(lists_are_joined) {
  BOOST_TEST(humanize(std::vector<std::string>{}, Unit::none).empty());
  BOOST_TEST(humanize(std::vector<std::string>{"a", "b\x1b"}, Unit::none) == "a, b?");
}
