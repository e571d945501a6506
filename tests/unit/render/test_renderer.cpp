#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "render/renderer.hpp"
#include "sample_reports.hpp"

namespace {

using namespace sonde::render;

std::string chosen_for(std::string_view file) {
  const RendererEntry* entry = renderer_for_file(file);
  return entry == nullptr ? "none" : std::string(entry->name);
}

class BrokenSink final : public sonde::sink::Sink {
 public:
  sonde::Result<void> write(std::string_view) override {
    return tl::unexpected(sonde::Error{sonde::ErrorCode::OutputFailed, 28, "write x", "", ""});
  }
};

}  // namespace

// The registry has the formats in the order of meson.build, the default first, each under its name.
BOOST_AUTO_TEST_CASE(formats_are_registered) {
  std::vector<std::string> names;
  for (const RendererEntry* entry : all_renderers()) {
    names.emplace_back(entry->name);
    BOOST_TEST(find_renderer(entry->name) == entry);
    BOOST_TEST(!entry->description.empty());
  }
  const std::vector<std::string> expected = {"table", "json", "folded", "pprof"};
  BOOST_TEST(names == expected, boost::test_tools::per_element());
  BOOST_TEST(find_renderer("xml") == nullptr);
  BOOST_TEST(find_renderer("") == nullptr);
}

// A file's ending selects its format; a name that is only an ending, or has none, selects nothing.
BOOST_AUTO_TEST_CASE(endings_select_formats) {
  BOOST_TEST(chosen_for("out.txt") == "table");
  BOOST_TEST(chosen_for("out.json") == "json");
  BOOST_TEST(chosen_for("out.jsonl") == "json");
  BOOST_TEST(chosen_for("out.ndjson") == "json");
  BOOST_TEST(chosen_for("/tmp/a.b/out.folded") == "folded");
  BOOST_TEST(chosen_for("out.collapsed") == "folded");
  BOOST_TEST(chosen_for("out.pb.gz") == "pprof");
  BOOST_TEST(chosen_for("cpu.pprof") == "pprof");
  BOOST_TEST(chosen_for("out.gz") == "none");
  BOOST_TEST(chosen_for(".json") == "none");
  BOOST_TEST(chosen_for("json") == "none");
  BOOST_TEST(chosen_for("") == "none");
}

// Formats that hold stacks only refuse a result without any, with a format that can show it.
BOOST_AUTO_TEST_CASE(rows_alone_are_refused_by_stack_formats) {
  for (const RendererEntry* entry : all_renderers()) {
    sonde::sink::MemorySink sink;
    const sonde::Report report = sonde::test::rows_report();
    const auto renderer = entry->make(sink, {});
    BOOST_REQUIRE(renderer->begin(report.header).has_value());
    const auto finished = renderer->finish(report);
    BOOST_TEST(finished.has_value() == entry->tables, entry->name);
    if (!finished) BOOST_TEST(finished.error().hint.find("-f json") != std::string::npos);
  }
}

// A format that says it holds one result only refuses an interval; the others accept it.
BOOST_AUTO_TEST_CASE(intervals_are_refused_where_announced) {
  for (const RendererEntry* entry : all_renderers()) {
    sonde::sink::MemorySink sink;
    const auto renderer = entry->make(sink, {});
    const sonde::Report report = sonde::test::cpu_report_first_interval();
    BOOST_REQUIRE(renderer->begin(report.header).has_value());
    BOOST_TEST(renderer->interval(report).has_value() == entry->intervals, entry->name);
  }
}

// What the sink reports reaches the caller of every format.
BOOST_AUTO_TEST_CASE(sink_errors_are_passed_on) {
  for (const RendererEntry* entry : all_renderers()) {
    BrokenSink sink;
    const sonde::Report report = sonde::test::cpu_report();
    const auto renderer = entry->make(sink, {});
    static_cast<void>(renderer->begin(report.header));
    const auto finished = renderer->finish(report);
    BOOST_REQUIRE_MESSAGE(!finished.has_value(), entry->name);
    BOOST_TEST(finished.error().sys_errno == 28);
  }
}

// A format for people ends every line; in a format for programs an empty session is well-formed
// too.
BOOST_AUTO_TEST_CASE(text_ends_with_a_line_break) {
  for (const RendererEntry* entry : all_renderers()) {
    if (!entry->text) continue;
    for (const sonde::Report& report : {sonde::test::cpu_report(), sonde::test::empty_report()}) {
      sonde::sink::MemorySink sink;
      const auto renderer = entry->make(sink, {});
      BOOST_REQUIRE(renderer->begin(report.header).has_value());
      BOOST_REQUIRE(renderer->finish(report).has_value());
      BOOST_TEST((sink.bytes().empty() || sink.bytes().back() == '\n'), entry->name);
    }
  }
}
