#include "sample_reports.hpp"

namespace sonde::test {
namespace {

constexpr auto kNone = std::monostate{};

Value text(const char* value) {
  return std::string(value);
}
Value number(std::uint64_t value) {
  return value;
}

Table timed_rows() {
  const Unit ns = Unit::nanoseconds;
  return {"syscall",
          "System calls",
          {{"name", "CALL"},
           {"nr", "NR"},
           {"pid", "PID"},
           {"tid", "TID"},
           {"comm", "COMM"},
           {"cgroup", "CGROUP"},
           {"error", "ERROR"},
           {"calls", "CALLS", Unit::count},
           {"errors", "ERRORS", Unit::count},
           {"total_ns", "TOTAL", ns},
           {"min_ns", "MIN", ns},
           {"mean_ns", "MEAN", ns},
           {"p50_ns", "P50", ns},
           {"p90_ns", "P90", ns},
           {"p99_ns", "P99", ns},
           {"max_ns", "MAX", ns}},
          {{text("openat"), number(257), number(100), number(101), text("ls"), text("/user"),
            text("ENOENT"), number(3), number(3), number(3'006), number(1'000), number(1'002),
            number(1'001), number(1'005), number(1'005), number(1'005)},
           {text("exit_group"), number(231), number(100), number(100), text("ls"), text("/user"),
            kNone, number(1), number(0), kNone, kNone, kNone, kNone, kNone, kNone, kNone}}};
}

Table error_rows() {
  return {"syscall_error",
          "Errors",
          {{"name", "CALL"}, {"error", "ERROR"}, {"calls", "CALLS", Unit::count}},
          {{text("openat"), text("ENOENT"), number(3)}}};
}

Table rows_in_flight() {
  return {"in_flight",
          "Calls in flight",
          {{"pid", "PID"},
           {"tid", "TID"},
           {"comm", "COMM"},
           {"name", "CALL"},
           {"nr", "NR"},
           {"age_ns", "AGE", Unit::nanoseconds},
           {"began_before", "BEGAN BEFORE"}},
          {{number(200), number(201), text("nginx"), text("epoll_wait"), number(232),
            number(2'000'000'000), true}}};
}

// 5 + 40 + 1 + 3 calls; nothing between 1.28 us and 4.10 us.
Histogram latencies() {
  return {{{{"name", "CALL"}, text("openat")}, {{"pid", "PID"}, number(100)}},
          "Latency",
          Unit::nanoseconds,
          {{1'024, 1'152, 5}, {1'152, 1'280, 40}, {4'096, 4'608, 1}, {4'608, 5'120, 3}}};
}

StackProfile stacks() {
  StackProfile profile;
  profile.title = "Stacks of system calls";
  profile.sample_types = {{"time", "nanoseconds"}, {"calls", "count"}, {"errors", "count"}};
  profile.modules = {{"/usr/bin/ls", ""}};
  profile.frames = {{"syscall:openat", kNoModule, FrameKind::unknown, 0},
                    {"main", 0, FrameKind::user, 0x1136}};
  profile.stacks = {{100, 101, "ls", {0, 1}, {3'006, 3, 3}}};
  return profile;
}

}  // namespace

Report syscall_report() {
  Report report = rows_report();
  report.header.command = "syscall";
  report.header.plan.clear();
  report.header.config = {{"calls", std::vector<std::string>{"openat", "%process"}}};
  report.sections = {timed_rows(), error_rows(), rows_in_flight(), latencies(), stacks()};
  report.summary.accounting = {{"syscall", 6, 4, 1, {}, 1, {}}};
  report.summary.notices.clear();
  return report;
}

Table call_rows() {
  const std::string hostile = "a\xff\"\\\n\x1b[31m\x7f";
  const auto arguments = [](std::vector<std::string> all) { return Value(std::move(all)); };
  return {
      "call",
      "System calls",
      {{"time_ns", "TIME", Unit::timestamp},
       {"pid", "PID"},
       {"tid", "TID"},
       {"comm", "COMMAND"},
       {"name", "CALL"},
       {"nr", "NR"},
       {"args", "ARGUMENTS"},
       {"result", "RESULT"},
       {"result_text", "RETURNED"},
       {"error", "ERROR"},
       {"duration_ns", "DURATION", Unit::nanoseconds}},
      // 2024-05-06 07:08:09.123456 and 07:08:10.000000 UTC
      {{std::int64_t{1'714'979'289'123'456'789}, std::int64_t{100}, std::int64_t{101}, text("ls"),
        text("openat"), number(257),
        arguments({"AT_FDCWD", "\"/etc/passwd\"", "O_RDONLY|O_CLOEXEC"}), std::int64_t{3},
        text("3</etc/passwd>"), kNone, std::int64_t{12'345}},
       {std::int64_t{1'714'979'290'000'000'000}, std::int64_t{100}, std::int64_t{100}, hostile,
        text("access"), number(21), arguments({hostile, "F_OK"}), std::int64_t{-1},
        text("-1 ENOENT (No such file or directory)"), text("ENOENT"), std::int64_t{999}},
       {std::int64_t{1'714'979'290'000'001'000}, std::int64_t{100}, std::int64_t{100}, text("ls"),
        text("exit_group"), number(231), arguments({"0"}), kNone, text("?"), kNone, kNone}},
      "{time_ns} {pid}/{tid} {comm} {name}({args}) = {result_text} <{duration_ns}>"};
}

}  // namespace sonde::test
