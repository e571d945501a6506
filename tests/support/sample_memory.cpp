#include "sample_reports.hpp"

namespace sonde::test {
namespace {

Value text(const char* value) {
  return std::string(value);
}

// 2 MiB + 1 MiB + 64 KiB.
StackProfile faults() {
  StackProfile profile;
  profile.type = "fault_site";
  profile.title = "Growth of resident memory";
  profile.sample_types = {{"growth", "bytes", "bytes"}, {"growths", "count", "count"}};
  profile.default_sample_type = "growth";
  profile.by_process = true;
  profile.details = {{"kind", "KIND"}, {"cause", "CAUSE"}};
  profile.modules = {{"/usr/bin/db", "abcd"}};
  profile.frames = {{"fill", 0, FrameKind::user, 0x1100}, {"main", 0, FrameKind::user, 0x1200}};
  profile.stacks = {
      {100, 0, "db", {0, 1}, {2u << 20, 1}, {text("anonymous"), text("fault")}},
      {100, 0, "db", {0, 1}, {1u << 20, 16}, {text("file"), text("fault")}},
      {100, 0, "db", {1}, {64u << 10, 4}, {text("anonymous"), text("read")}},
  };
  return profile;
}

StackProfile allocations() {
  StackProfile profile;
  profile.type = "allocation_site";
  profile.title = "Live memory";
  profile.sample_types = {{"inuse_space", "bytes", "live_bytes", "live"},
                          {"inuse_objects", "count", "live_count"},
                          {"alloc_space", "bytes", "allocated_bytes"},
                          {"alloc_objects", "count", "allocated_count"}};
  profile.default_sample_type = "inuse_space";
  profile.by_process = true;
  profile.secondary = true;
  profile.period_bytes = 512 << 10;
  profile.details = {{"growing", "GROWING"}};
  profile.modules = {{"/usr/bin/db", "abcd"}};
  profile.frames = {{"leak", 0, FrameKind::user, 0x1300}, {"main", 0, FrameKind::user, 0x1200}};
  profile.stacks = {
      {100, 0, "db", {0, 1}, {3000, 30, 4000, 40}, {true}},
      {100, 0, "db", {1}, {1000, 1, 9000, 9}, {std::monostate{}}},
  };
  return profile;
}

}  // namespace

Report memory_report() {
  Report report = rows_report();
  report.header.command = "mem";
  report.header.plan.clear();
  report.header.config.clear();
  report.sections = {faults(), allocations()};
  report.summary.accounting = {{"mem", 22, 21, 1, {}, 0, {}}};
  report.summary.notices.clear();
  return report;
}

}  // namespace sonde::test
