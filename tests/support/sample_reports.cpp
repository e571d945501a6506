#include "sample_reports.hpp"

#include <limits>

namespace sonde::test {
namespace {

constexpr std::uint64_t kPeriod = 10'101'010;  // 99 Hz

ReportHeader header() {
  ReportHeader header;
  header.command = "cpu";
  header.host = "testhost";
  header.kernel = "6.1.0-18-amd64";
  header.architecture = "x86_64";
  // 2024-05-06 07:08:09.123 UTC
  header.started =
      std::chrono::system_clock::time_point(std::chrono::milliseconds(1'714'979'289'123));
  header.online_cpus = 2;
  header.target = "whole system";
  header.config = {
      {"sample_rate", std::uint64_t{99}}, {"comm", std::string()}, {"user_stacks", true}};
  header.plan = {{"cpu", "sampling", "perf_event:cpu-clock", PlanEntry::State::fallback,
                  "interrupts-off sections are seen late", "run on a machine with a PMU"},
                 {"cpu", "process tracking", "tp_btf", PlanEntry::State::primary, "", ""},
                 {"cpu", "kernel symbols", "", PlanEntry::State::missing,
                  "kernel frames have no names", "grant CAP_SYSLOG"}};
  return header;
}

ReportSummary summary() {
  ReportSummary summary;
  summary.duration = std::chrono::seconds(2);
  summary.accounting = {{"cpu",
                         215,
                         200,
                         10,
                         {{"map_full", 3}, {"stack_map_full", 1}, {"stack_walk", 0}},
                         1,
                         {{"depth", 2}, {"unreadable", 1}}}};
  summary.overhead.cpu_percent = 0.45;  // (3 + 5 + 1) ms of 2 s
  summary.overhead.user_cpu_ns = 3'000'000;
  summary.overhead.system_cpu_ns = 5'000'000;
  summary.overhead.bpf_ns = 1'000'000;
  summary.overhead.memory_bytes = 17'301'504;
  summary.overhead.rss_bytes = 12'582'912;
  summary.overhead.map_bytes = 4'718'592;
  summary.notices = {"stopped after 200 samples (--max-samples)"};
  return summary;
}

Stack stack(std::int32_t pid, std::int32_t tid, std::string comm, std::vector<std::uint32_t> frames,
            std::uint64_t count) {
  return {pid, tid, std::move(comm), std::move(frames), {count, count * kPeriod}};
}

StackProfile profile_without_stacks() {
  StackProfile profile;
  profile.title = "CPU profile";
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  profile.period_ns = kPeriod;
  return profile;
}

StackProfile cpu_profile() {
  StackProfile profile = profile_without_stacks();
  profile.modules = {{"/usr/bin/split", "00112233445566778899aabbccddeeff00112233"},
                     {"[kernel]", ""},
                     {"/usr/lib/x86_64-linux-gnu/libc.so.6", "c0ffee"},
                     {"/opt/old/bin/worker (deleted)", ""}};
  using enum FrameKind;
  profile.frames = {
      {"hot", 0, user, 0x1136},                               // 0
      {"warm", 0, user, 0x1150},                              // 1
      {"main", 0, user, 0x1180},                              // 2
      {"main", 0, user, 0x1190},                              // 3: another call in main
      {"clamp<int>(int const&)", 0, inlined, 0x1140},         // 4: inlined into 5
      {"hot", 0, user, 0x1140},                               // 5
      {"_start", 0, user, 0x1060},                            // 6
      {"clear_page_rep", 1, kernel, 0xffffffff81a00010},      // 7
      {"asm_exc_page_fault", 1, kernel, 0xffffffff82001234},  // 8
      {"fib", 3, user, 0x2000},                               // 9
      {"LHello;::run", kNoModule, jit, 0x7f0000001000},       // 10
      {"[libc.so.6+0x29d90]", 2, unknown, 0x29d90},           // 11
  };
  profile.files = {"/src/split/clamp.h", "/src/split/split.cpp"};
  profile.frames[4].file = 0;
  profile.frames[4].line = 7;
  profile.frames[5].file = 1;
  profile.frames[5].line = 21;
  profile.stacks = {stack(100, 100, "split", {0, 2, 6}, 100),
                    stack(100, 100, "split", {4, 5, 2, 6}, 40),
                    stack(100, 100, "split", {1, 3, 6}, 30),
                    stack(200, 201, "worker", {9, 9, 9, 11}, 15),
                    stack(200, 200, "java", {10, 11}, 8),
                    stack(100, 100, "split", {7, 8, 0, 2, 6}, 5),
                    stack(300, 300, "gone", {}, 2)};
  return profile;
}

}  // namespace

Report cpu_report() {
  return {header(), {cpu_profile()}, summary()};
}

Report cpu_report_first_interval() {
  StackProfile profile = cpu_profile();
  std::erase_if(profile.stacks, [](const Stack& s) { return s.pid != 100; });
  Report report{header(), {std::move(profile)}, summary()};
  report.summary.duration = std::chrono::seconds(1);
  report.summary.accounting = {{"cpu", 185, 175, 9, {}, 1, {}}};
  return report;
}

Report cpu_report_last_interval() {
  StackProfile profile = cpu_profile();
  std::erase_if(profile.stacks, [](const Stack& s) { return s.pid == 100; });
  return {header(), {std::move(profile)}, summary()};
}

Report hostile_report() {
  Report report{header(), {}, summary()};
  const std::string evil = "\xff\x1b[31m;\n\t\"\\\xed\xa0\x80 7";
  report.header.host = report.header.target = evil;
  report.header.config = {{evil, evil}};
  report.header.plan = {{evil, evil, evil, PlanEntry::State::fallback, evil, evil}};
  report.summary.notices = {evil};
  report.summary.accounting = {
      {evil, 3, 1, 0, {{evil, 1}}, 0, {{evil, 1}}}};  // and the books are wrong
  report.summary.overhead.cpu_percent = std::numeric_limits<double>::quiet_NaN();
  StackProfile profile = profile_without_stacks();
  profile.title = evil;
  profile.modules = {{evil, evil}};
  profile.frames = {{evil, 0, FrameKind::user, ~0ull},
                    {"", 7, FrameKind::kernel, 0},
                    {"  ", 0, FrameKind::jit, 1}};
  profile.stacks = {stack(1, 1, evil, {0}, 1), stack(-1, -1, "", {1, 2}, 0)};
  report.sections = {std::move(profile)};
  return report;
}

Report empty_report() {
  Report report{header(), {profile_without_stacks()}, {}};
  report.header.plan.clear();
  report.summary.accounting = {{"cpu", 0, 0, 0, {}, 0, {}}};
  return report;
}

Report doctor_report() {
  const Value none;
  const auto text = [](const char* value) { return Value(std::string(value)); };
  const Table checks{
      "check",
      "What was found",
      {{"name", "CHECK"}, {"ok", "OK"}, {"description", "GIVES"}, {"fix", "HOW TO FIX"}},
      {{text("btf"), true, text("types of the running kernel"), none},
       {text("cap_bpf"), false, text("loading programs"), text("run with sudo")}}};
  const Table features{
      "feature",
      "What tracers will use",
      {{"tracer", "TRACER"},
       {"feature", "FEATURE"},
       {"state", "STATE"},
       {"hook", "HOOK"},
       {"consequence", "THEN MISSING"},
       {"fix", "HOW TO FIX"}},
      {{text("cpu"), text("sampling"), text("primary"), text("perf_event:cycles"), none, none},
       {text("cpu"), text("kernel symbols"), text("missing"), none, text("names"),
        text("grant CAP_SYSLOG")}}};
  const Table sites{"probe_site",
                    "Where breakpoints would be",
                    {{"function", "FUNCTION"},
                     {"probe", "PROBE"},
                     {"from_entry_bytes", "FROM ENTRY", Unit::bytes},
                     {"file_offset", "FILE OFFSET", Unit::count},
                     {"instruction", "INSTRUCTION"},
                     {"emulated", "EMULATED"},
                     {"cost_ns", "COST", Unit::nanoseconds}},
                    {{text("free"), text("entry"), std::uint64_t{9}, std::uint64_t{627'833},
                      text("push %rbp"), true, 812.5},
                     {text("free"), text("return"), std::uint64_t{0}, std::uint64_t{627'824},
                      text("test %rdi, %rdi"), false, none}}};
  Report report{header(), {checks, features, sites}, {}};
  report.header.command = "doctor";
  report.header.config.clear();
  report.header.plan.clear();
  report.summary.notices = {"tracing is not possible: CAP_BPF is missing"};
  return report;
}

Report rows_report() {
  Table table;
  table.type = "connection";
  table.title = "TCP connections";
  table.columns = {{"comm", "COMMAND", Unit::none},
                   {"sent_bytes", "SENT", Unit::bytes},
                   {"connect_ns", "CONNECT", Unit::nanoseconds},
                   {"retransmits", "RETRANS", Unit::count},
                   {"share_percent", "SHARE%", Unit::percent},
                   {"open", "OPEN", Unit::none},
                   {"delta", "DELTA", Unit::none}};
  table.rows = {{std::string("nginx"), std::uint64_t{4'718'592}, std::uint64_t{1'234'567},
                 std::uint64_t{12}, 45.678, true, std::int64_t{-3}},
                {std::string("curl"), std::uint64_t{999}, std::monostate{}, std::uint64_t{0}, 0.5,
                 false, std::int64_t{0}},
                {std::string("日本語"), std::uint64_t{1'048'575}, std::uint64_t{999'999},
                 std::monostate{}, 1e300 * 1e300, false, std::int64_t{7}}};
  Report report{
      header(),
      {std::move(table), Table{"none", "Nothing happened here", {{"a", "A", Unit::none}}, {}}},
      summary()};
  return report;
}

}  // namespace sonde::test
