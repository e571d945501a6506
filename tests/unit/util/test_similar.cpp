#include <boost/test/unit_test.hpp>

#include <array>
#include <string>

#include "util/similar.hpp"

namespace {

constexpr std::array<std::string_view, 4> kFormats = {"table", "json", "folded", "pprof"};

}  // namespace

// One typing error of each kind (swap, missing, extra, wrong letter) finds the word.
BOOST_AUTO_TEST_CASE(typing_errors_are_recognised) {
  BOOST_TEST(sonde::most_similar("tabel", kFormats) == "table");
  BOOST_TEST(sonde::most_similar("jon", kFormats) == "json");
  BOOST_TEST(sonde::most_similar("foldedd", kFormats) == "folded");
  BOOST_TEST(sonde::most_similar("pprog", kFormats) == "pprof");
  BOOST_TEST(sonde::did_you_mean("tabel", kFormats) == " (did you mean 'table'?)");
}

// A word unlike any, an empty one and an endless one suggest nothing.
BOOST_AUTO_TEST_CASE(other_words_suggest_nothing) {
  BOOST_TEST(sonde::most_similar("csv", kFormats).empty());
  BOOST_TEST(sonde::most_similar("", kFormats).empty());
  BOOST_TEST(sonde::most_similar(std::string(100'000, 't'), kFormats).empty());
  BOOST_TEST(sonde::most_similar("table", {}).empty());
  BOOST_TEST(sonde::did_you_mean("csv", kFormats).empty());
}
