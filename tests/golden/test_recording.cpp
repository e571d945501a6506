// A session's records from a recording through aggregation, naming and every format, without a
// kernel. SONDE_BLESS=1 meson test -C build golden rewrites the files; see golden.hpp.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <sonde/report.hpp>
#include <string>

#include "aggregate/stack_counts.hpp"
#include "golden.hpp"
#include "ingest/recording.hpp"
#include "process/address_spaces.hpp"
#include "render/renderer.hpp"
#include "stack_records.hpp"
#include "symbolize/symbolizer.hpp"
#include "temp_dir.hpp"

namespace {

using sonde::test::count_record;
using sonde::test::StackRecord;

constexpr std::uint64_t kTime = 1'000'000;
constexpr std::uint64_t kKernel = 0xffffffff81000000;
constexpr std::uint64_t kJit = 0x7f0000000000;

// 100 samples: 60 in generated code that a perf map names, 25 in the kernel below it, 10 of a
// thread whose code nothing describes, 5 whose stack could not be read. 3 more are without a stack
// record. The stack of the first comes after some of its counts, and twice, as after a drain.
std::string recording() {
  sonde::ingest::RecordingWriter writer;
  const auto hot = StackRecord{.key = 1,
                               .tgid = 100,
                               .tid = 100,
                               .comm = "engine",
                               .user = {kJit + 0x10, kJit + 0x108},
                               .time_ns = kTime}
                       .bytes();
  writer.append(count_record(1, 20));
  writer.append(hot);
  writer.append(StackRecord{.key = 2,
                            .tgid = 100,
                            .tid = 100,
                            .comm = "engine",
                            .kernel = {kKernel + 0x1004, kKernel + 0x2008},
                            .user = {kJit + 0x108},
                            .time_ns = kTime}
                    .bytes());
  writer.append(StackRecord{.key = 3,
                            .tgid = 100,
                            .tid = 101,
                            .comm = "helper",
                            .flags = SONDE_STACK_USER_DEPTH,
                            .user = {kJit + 0x900, 0x10},
                            .time_ns = kTime}
                    .bytes());
  writer.append(StackRecord{.key = 4,
                            .tgid = 200,
                            .tid = 200,
                            .comm = "gone",
                            .flags = SONDE_STACK_USER_FAILED,
                            .time_ns = kTime}
                    .bytes());
  writer.append(count_record(1, 30));
  writer.append(hot);
  writer.append(count_record(1, 10));
  writer.append(count_record(2, 25));
  writer.append(count_record(3, 10));
  writer.append(count_record(4, 5));
  writer.append(count_record(5, 3));
  return writer.bytes();
}

// What the symbolizer reads of the machine: process 100 with generated code, and a kernel.
void fill_root(const sonde::test::TempDir& root) {
  root.write("proc/100/maps", "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n");
  root.write("proc/100/status", "Name:\tengine\nNSpid:\t100\n");
  root.write("proc/100/root/tmp/perf-100.map",
             "7f0000000000 80 Calculator::add\n7f0000000100 40 Calculator::run\n");
  root.write("proc/kallsyms",
             "ffffffff81000000 T _stext\n"
             "ffffffff81001000 T clear_page\n"
             "ffffffff81002000 T asm_exc_page_fault\n"
             "ffffffff81003000 T _etext\n");
}

sonde::Report replay() {
  sonde::test::TempDir root;
  fill_root(root);
  sonde::aggregate::StackCounts counts;
  std::uint64_t refused = 0;
  sonde::process::AddressSpaces spaces(root.path());
  spaces.observe(100, kTime);
  sonde::ingest::RecordingSource source(recording(), [&](std::span<const std::byte> record) {
    refused += counts.consume(record) ? 0 : 1;
  });
  BOOST_REQUIRE(source.drain().has_value());
  BOOST_REQUIRE(refused == 0);

  sonde::Report report;
  report.header.command = "cpu";
  report.header.host = "example";
  report.header.kernel = "6.1.0";
  report.header.architecture = "x86_64";
  report.header.online_cpus = 2;
  report.header.target = "whole system";
  report.header.config = {{"sample_rate", std::uint64_t{100}}};

  sonde::symbolize::Symbolizer symbolizer({.root = root.path()});
  sonde::StackProfile profile = symbolizer.symbolize(counts.take(), spaces);
  profile.title = "CPU samples";
  profile.period_ns = 10'000'000;
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  for (sonde::Stack& stack : profile.stacks)
    stack.values.push_back(stack.values.front() * profile.period_ns);
  report.sections.emplace_back(std::move(profile));

  report.summary.duration = std::chrono::seconds(1);
  sonde::Accounting books;
  books.tracer = "cpu";
  books.seen = 110;
  books.filtered = 7;
  books.reported = counts.counted() - counts.nameless();
  books.lost = {{"stack_ring_full", counts.nameless()}};
  books.truncated = {{"depth", counts.truncated()["depth"]},
                     {"unreadable_stack", counts.truncated()["unreadable_stack"]}};
  BOOST_TEST(books.balanced());
  report.summary.accounting.push_back(std::move(books));
  report.summary.notices = symbolizer.notices();
  return report;
}

std::string rendered(std::string_view format) {
  const auto* entry = sonde::render::find_renderer(format);
  BOOST_REQUIRE(entry != nullptr);
  const sonde::Report report = replay();
  sonde::sink::MemorySink sink;
  const auto renderer = entry->make(sink, {});
  BOOST_REQUIRE(renderer->begin(report.header).has_value());
  BOOST_REQUIRE(renderer->finish(report).has_value());
  return sink.bytes();
}

}  // namespace

// The table of a replayed session: shares of 100 samples, books with what was lost and truncated.
BOOST_AUTO_TEST_CASE(recording_as_table) {
  sonde::test::check_golden("recording/cpu.txt", rendered("table"));
}

// The JSON lines of a replayed session.
BOOST_AUTO_TEST_CASE(recording_as_json) {
  std::string text = rendered("json");
  const std::string version = "\"sonde_version\":\"" SONDE_VERSION "\"";
  const std::size_t at = text.find(version);
  BOOST_REQUIRE(at != std::string::npos);
  sonde::test::check_golden("recording/cpu.json",
                            text.replace(at, version.size(), "\"sonde_version\":\"VERSION\""));
}

// The folded stacks of a replayed session.
BOOST_AUTO_TEST_CASE(recording_as_folded) {
  sonde::test::check_golden("recording/cpu.folded", rendered("folded"));
}

// The same records give the same bytes: nothing depends on addresses or hashes of the run.
BOOST_AUTO_TEST_CASE(recording_as_pprof) {
  const std::string first = rendered("pprof");
  BOOST_TEST(first.size() > 100u);
  BOOST_TEST((first == rendered("pprof")));
}
