#include <boost/test/unit_test.hpp>

#include "golden.hpp"
#include "render/renderer.hpp"
#include "sample_reports.hpp"

namespace {

using sonde::Report;
using sonde::render::RenderOptions;

std::string rendered(std::string_view format, const Report& last, const RenderOptions& options = {},
                     const Report* interval = nullptr, const sonde::Table* live = nullptr) {
  const auto* entry = sonde::render::find_renderer(format);
  BOOST_REQUIRE(entry != nullptr);
  sonde::sink::MemorySink sink;
  const auto renderer = entry->make(sink, options);
  BOOST_REQUIRE(renderer->begin(last.header).has_value());
  if (interval != nullptr) BOOST_REQUIRE(renderer->interval(*interval).has_value());
  if (live != nullptr) BOOST_REQUIRE(renderer->rows(*live).has_value());
  BOOST_REQUIRE(renderer->finish(last).has_value());
  return sink.bytes();
}

// A release changes the version; the goldens say VERSION in its place.
std::string without_version(std::string text) {
  const std::string version = "\"sonde_version\":\"" SONDE_VERSION "\"";
  const std::size_t at = text.find(version);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, version.size(), "\"sonde_version\":\"VERSION\"");
}

}  // namespace

// The table of a profile: hand-computed shares, books, cost, notices and degradations; nothing is
// cut without a terminal.
BOOST_AUTO_TEST_CASE(table_of_a_profile) {
  sonde::test::check_golden("render/cpu.txt", rendered("table", sonde::test::cpu_report()));
}

// On a narrow terminal folders and long names are cut, numbers never; --top says how much it hides;
// colours are on.
BOOST_AUTO_TEST_CASE(table_on_a_narrow_terminal) {
  sonde::test::check_golden(
      "render/cpu_narrow.txt",
      rendered("table", sonde::test::cpu_report(), {.top = 5, .width = 56, .color = true}));
}

// With --interval each part is headed by its time and shows its books; the end shows the session's.
BOOST_AUTO_TEST_CASE(table_of_intervals) {
  const Report first = sonde::test::cpu_report_first_interval();
  sonde::test::check_golden("render/cpu_intervals.txt",
                            rendered("table", sonde::test::cpu_report_last_interval(), {}, &first));
}

// Rows become aligned columns with readable units, and "-" where nothing was measured.
BOOST_AUTO_TEST_CASE(table_of_rows) {
  sonde::test::check_golden("render/rows.txt", rendered("table", sonde::test::rows_report()));
}

// The doctor's rows, with no books and no cost: nothing was traced.
BOOST_AUTO_TEST_CASE(doctor) {
  sonde::test::check_golden("render/doctor.txt", rendered("table", sonde::test::doctor_report()));
  sonde::test::check_golden("render/doctor.json",
                            without_version(rendered("json", sonde::test::doctor_report())));
}

// A session that saw nothing still shows its books.
BOOST_AUTO_TEST_CASE(table_of_nothing) {
  sonde::test::check_golden("render/empty.txt", rendered("table", sonde::test::empty_report()));
}

// Escapes, line breaks and broken UTF-8 in names do not reach the terminal, and wrong books are
// called wrong.
BOOST_AUTO_TEST_CASE(table_of_hostile_names) {
  sonde::test::check_golden("render/hostile.txt", rendered("table", sonde::test::hostile_report()));
}

// The JSON lines of a profile; validate_json.py checks the same file against the schema.
BOOST_AUTO_TEST_CASE(json_of_a_profile) {
  sonde::test::check_golden("render/cpu.json",
                            without_version(rendered("json", sonde::test::cpu_report())));
}

// Each interval's records come before its interval line.
BOOST_AUTO_TEST_CASE(json_of_intervals) {
  const Report first = sonde::test::cpu_report_first_interval();
  sonde::test::check_golden(
      "render/cpu_intervals.json",
      without_version(rendered("json", sonde::test::cpu_report_last_interval(), {}, &first)));
}

// Rows keep exact values; one that was not measured is null.
BOOST_AUTO_TEST_CASE(json_of_rows) {
  sonde::test::check_golden("render/rows.json",
                            without_version(rendered("json", sonde::test::rows_report())));
}

// Hostile names are repaired, and numbers that JSON cannot hold become null, without an exception.
BOOST_AUTO_TEST_CASE(json_of_hostile_names) {
  sonde::test::check_golden("render/hostile.json",
                            without_version(rendered("json", sonde::test::hostile_report())));
}

// Calls as they happen as lines, then every section of a session with system calls: rows without
// times, histograms with bars and their error bound, and stacks by time.
BOOST_AUTO_TEST_CASE(system_calls) {
  const Report report = sonde::test::syscall_report();
  const sonde::Table calls = sonde::test::call_rows();
  sonde::test::check_golden("render/syscall.txt", rendered("table", report, {}, nullptr, &calls));
  sonde::test::check_golden("render/syscall.json",
                            without_version(rendered("json", report, {}, nullptr, &calls)));
  sonde::test::check_golden("render/syscall.folded", rendered("folded", report));
}

// Events as they happen as lines, then the tables of `sonde net`; columns without a title are in
// JSON only.
BOOST_AUTO_TEST_CASE(network) {
  const Report report = sonde::test::net_report();
  const sonde::Table events = sonde::test::net_event_rows();
  sonde::test::check_golden("render/net.txt", rendered("table", report, {}, nullptr, &events));
  sonde::test::check_golden("render/net.json",
                            without_version(rendered("json", report, {}, nullptr, &events)));
}

// Dropped packets as rows and as stacks, and DNS queries.
BOOST_AUTO_TEST_CASE(packets) {
  const Report report = sonde::test::packets_report();
  sonde::test::check_golden("render/packets.txt", rendered("table", report));
  sonde::test::check_golden("render/packets.json", without_version(rendered("json", report)));
  sonde::test::check_golden("render/packets.folded", rendered("folded", report));
}

// Exchanges as they happen as lines, then the tables of `sonde net --http`.
BOOST_AUTO_TEST_CASE(http) {
  const Report report = sonde::test::http_report();
  const sonde::Table events = sonde::test::http_rows();
  sonde::test::check_golden("render/http.txt", rendered("table", report, {}, nullptr, &events));
  sonde::test::check_golden("render/http.json",
                            without_version(rendered("json", report, {}, nullptr, &events)));
}

// Stacks of a type of their own, told apart by details: JSON fields, tables of sums, leaves of
// folded stacks, which leave the secondary profile out.
BOOST_AUTO_TEST_CASE(memory) {
  const Report report = sonde::test::memory_report();
  sonde::test::check_golden("render/memory.txt", rendered("table", report));
  sonde::test::check_golden("render/memory.json", without_version(rendered("json", report)));
  sonde::test::check_golden("render/memory.folded", rendered("folded", report));
}

// Root first, equal stacks of several threads added up, kernel, inlined and JIT frames marked.
BOOST_AUTO_TEST_CASE(folded_of_a_profile) {
  sonde::test::check_golden("render/cpu.folded", rendered("folded", sonde::test::cpu_report()));
}

// Separators and line breaks in names cannot split a stack, and a number at a name's end cannot
// pass for a count.
BOOST_AUTO_TEST_CASE(folded_of_hostile_names) {
  sonde::test::check_golden("render/hostile.folded",
                            rendered("folded", sonde::test::hostile_report()));
}
