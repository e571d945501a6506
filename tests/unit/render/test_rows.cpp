#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "render/histogram_text.hpp"
#include "render/json_row.hpp"
#include "render/renderer.hpp"
#include "render/row_line.hpp"
#include "sample_reports.hpp"
#include "util/text.hpp"

namespace {

using namespace sonde::render;
using sonde::Table;
using sonde::Value;

std::string line_of(const std::string& pattern, std::vector<Value> row) {
  const Table table{"t", "", {{"a", "A"}, {"b", "B"}}, {}, pattern};
  std::string out;
  RowLine(table).append(out, row);
  return out;
}

std::string json_of(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

class CountingSink final : public sonde::sink::Sink {
 public:
  sonde::Result<void> write(std::string_view) override {
    ++writes;
    return {};
  }
  std::size_t writes = 0;
};

}  // namespace

// Keys in braces are replaced, wherever they stand; other braces stand for themselves.
BOOST_AUTO_TEST_CASE(lines_follow_their_template) {
  const std::vector<Value> row = {std::string("x"), std::uint64_t{7}};
  BOOST_TEST(line_of("{a}={b}", row) == "x=7\n");
  BOOST_TEST(line_of("<{b}{a}{b}>", row) == "<7x7>\n");
  BOOST_TEST(line_of("{c} {{a}} {", row) == "{c} {x} {\n");
  BOOST_TEST(line_of("}{", row) == "}{\n");
  BOOST_TEST(line_of("none", row) == "none\n");
  BOOST_TEST(line_of("", row) == "x 7\n");
  BOOST_TEST(line_of("{a} {b}", {std::string("\x1b[1m\n\xff")}) == "?[1m?\xEF\xBF\xBD -\n");
}

// Strings of all kinds of bytes read back as what a JSON library reads from its own writing.
BOOST_AUTO_TEST_CASE(json_strings_agree_with_a_library) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    for (std::size_t length = random() % 12; length > 0; --length)
      bytes += static_cast<char>(random() % (i % 2 == 0 ? 256 : 128));
    const std::string expected = nlohmann::json(sonde::text::repair_utf8(bytes)).dump();
    BOOST_REQUIRE_EQUAL(json_of(bytes), expected);
  }
}

// Numbers are exact, fractions keep their look, and what JSON cannot hold is null.
BOOST_AUTO_TEST_CASE(json_values) {
  BOOST_TEST(json_of({}) == "null");
  BOOST_TEST(json_of(true) == "true");
  BOOST_TEST(json_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  BOOST_TEST(json_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  BOOST_TEST(json_of(1.0) == "1.0");
  BOOST_TEST(json_of(0.1) == "0.1");
  BOOST_TEST(json_of(1e300) == "1e+300");
  BOOST_TEST(json_of(std::numeric_limits<double>::infinity()) == "null");
  BOOST_TEST(json_of(std::vector<std::string>{}) == "[]");
  BOOST_TEST(json_of(std::vector<std::string>{"a", "\""}) == R"(["a","\""])");
}

// What is live is not held back: each batch of rows is one write.
BOOST_AUTO_TEST_CASE(live_rows_are_written_at_once) {
  const Table table = sonde::test::call_rows();
  for (const std::string_view format : {"table", "json"}) {
    CountingSink sink;
    const auto renderer = find_renderer(format)->make(sink, {});
    for (int i = 0; i < 8; ++i)
      BOOST_REQUIRE(renderer->rows(table).has_value());
    BOOST_TEST(sink.writes == 8u);
  }
}

// Formats that say that they show rows as they happen do, and the others refuse.
BOOST_AUTO_TEST_CASE(rows_are_refused_where_announced) {
  for (const RendererEntry* entry : all_renderers()) {
    CountingSink sink;
    const auto renderer = entry->make(sink, {});
    const auto shown = renderer->rows(sonde::test::call_rows());
    BOOST_TEST(shown.has_value() == entry->live, entry->name);
    if (!shown) BOOST_TEST((shown.error().code == sonde::ErrorCode::OutputFailed));
  }
}

// Bars fill what the terminal leaves, the longest to its edge; one call still shows.
BOOST_AUTO_TEST_CASE(bars_fit_the_terminal) {
  const sonde::Histogram histogram{
      {}, "H", sonde::Unit::count, {{1, 2, 1000}, {2, 3, 1}, {3, 4, 500}}};
  // Two blanks, "[1, 2)", two blanks, "1000", two blanks: 16 columns, so 24 are left of 40.
  std::string bar;
  for (int i = 0; i < 12; ++i)
    bar += "█";
  BOOST_TEST(histogram_text(histogram, 40, false) == "H\n  [1, 2)  1000  " + bar + bar +
                                                         "\n  [2, 3)     1  █\n  [3, 4)   500  " +
                                                         bar + "\n");
  // A terminal that is too narrow still gets bars.
  BOOST_TEST(histogram_text(histogram, 5, false).find("████████\n") != std::string::npos);
  BOOST_TEST(error_bound_percent(histogram) == 0);
  BOOST_TEST(error_bound_percent({{}, "", sonde::Unit::count, {{16, 18, 1}, {64, 68, 1}}}) == 6.25);
}
