#include <boost/test/unit_test.hpp>

#include "util/duration.hpp"

namespace {

using std::chrono::nanoseconds;

struct Case {
  const char* text;
  std::int64_t nanoseconds;
};

}  // namespace

// Every unit, fractions, and a plain number as seconds.
BOOST_AUTO_TEST_CASE(durations_are_read) {
  for (const Case& c : {Case{"10ns", 10}, Case{"250us", 250'000}, Case{"500ms", 500'000'000},
                        Case{"10s", 10'000'000'000}, Case{"10", 10'000'000'000},
                        Case{"1.5m", 90'000'000'000}, Case{"2h", 7'200'000'000'000}, Case{"0", 0},
                        Case{"0.25", 250'000'000}, Case{"876000h", 3'153'600'000'000'000'000}}) {
    const auto parsed = sonde::parse_duration(c.text);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), c.text);
    BOOST_TEST(parsed->count() == c.nanoseconds, c.text);
  }
}

// What is not a duration is a ConfigError that quotes the text and says how to write one.
BOOST_AUTO_TEST_CASE(other_texts_are_refused) {
  for (const char* text : {"", " ", "s", "abc", "-1s", "-0.5", "1x", "5 s", " 5s", "10S", "1e3",
                           "0x10", "nan", "inf", "1s2", "876001h", "1e400h", "+5"}) {
    const auto parsed = sonde::parse_duration(text);
    BOOST_REQUIRE_MESSAGE(!parsed.has_value(), text);
    BOOST_TEST((parsed.error().code == sonde::ErrorCode::ConfigError));
    BOOST_TEST(parsed.error().what.find(std::string("'") + text + "'") != std::string::npos,
               parsed.error().what);
    BOOST_TEST(!parsed.error().hint.empty());
  }
}

// The shortest spelling that is exact.
BOOST_AUTO_TEST_CASE(durations_are_written) {
  for (const Case& c :
       {Case{"0s", 0}, Case{"1ns", 1}, Case{"1500us", 1'500'000}, Case{"500ms", 500'000'000},
        Case{"90s", 90'000'000'000}, Case{"5m", 300'000'000'000}, Case{"24h", 86'400'000'000'000},
        Case{"1000000001ns", 1'000'000'001}}) {
    BOOST_TEST(sonde::format_duration(nanoseconds(c.nanoseconds)) == c.text);
  }
}
