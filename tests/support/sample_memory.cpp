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

// What a process gave back, took of address space, copied and waited for.
StackProfile other(const char* type, const char* title, const SampleType& weight,
                   const SampleType& count) {
  StackProfile profile;
  profile.type = type;
  profile.title = title;
  profile.sample_types = {weight, count};
  profile.by_process = true;
  profile.secondary = true;
  profile.details = {{"cause", "CAUSE"}};
  profile.modules = {{"/usr/bin/db", "abcd"}};
  profile.frames = {{"main", 0, FrameKind::user, 0x1200}};
  profile.stacks = {{100, 0, "db", {0}, {8192, 2}, {text("munmap")}}};
  return profile;
}

StackProfile released() {
  StackProfile profile = other("release_site", "Resident memory given back",
                               {"released", "bytes", "bytes"}, {"releases", "count", "count"});
  profile.details = {{"kind", "KIND"}, {"cause", "CAUSE"}};
  profile.stacks[0].details = {text("anonymous"), std::monostate{}};
  return profile;
}

Table processes() {
  const auto bytes = [](std::uint64_t value) { return Value(value); };
  return {"process_memory",
          "Resident memory of processes",
          {{"pid", "PID"},
           {"rss_before_bytes", "BEFORE", Unit::bytes},
           {"growth_bytes", "GROWTH", Unit::bytes},
           {"released_bytes", "RELEASED", Unit::bytes},
           {"rss_after_bytes", "AFTER", Unit::bytes},
           {"unattributed_bytes", "UNATTRIBUTED", Unit::bytes},
           {"anonymous_bytes", "ANONYMOUS", Unit::bytes},
           {"file_bytes", "FILE", Unit::bytes},
           {"shmem_bytes", "SHMEM", Unit::bytes},
           {"pss_before_bytes", "PSS BEFORE", Unit::bytes},
           {"pss_after_bytes", "PSS AFTER", Unit::bytes},
           {"comm", "PROCESS"}},
          {{std::int64_t{100}, bytes(1 << 20), bytes(3211264), bytes(8192), bytes(4251648),
            std::int64_t{0}, bytes(3203072), bytes(1048576), bytes(0), bytes(900 << 10),
            bytes(4100 << 10), text("db")}}};
}

Table cgroups() {
  return {"cgroup_memory",
          "Memory of their cgroups, page cache included",
          {{"before_bytes", "BEFORE", Unit::bytes},
           {"after_bytes", "AFTER", Unit::bytes},
           {"limit_bytes", "LIMIT", Unit::bytes},
           {"cgroup", "CGROUP"}},
          {{std::uint64_t{8 << 20}, std::uint64_t{11 << 20}, std::monostate{}, text("/db")}}};
}

StackProfile kernel() {
  StackProfile profile;
  profile.type = "kernel_site";
  profile.title = "Kernel memory that was allocated and not freed (estimated)";
  profile.sample_types = {{"kernel_inuse_space", "bytes", "live_bytes", "outstanding"},
                          {"kernel_inuse_objects", "count", "live_count"},
                          {"kernel_alloc_space", "bytes", "allocated_bytes"},
                          {"kernel_alloc_objects", "count", "allocated_count"}};
  profile.default_sample_type = "kernel_inuse_space";
  profile.by_process = true;
  profile.secondary = true;
  profile.details = {{"kind", "KIND"}};
  profile.modules = {{"[kernel]", ""}};
  profile.frames = {{"__d_alloc", 0, FrameKind::kernel, 0xffffffff81000000}};
  profile.stacks = {{100, 0, "db", {0}, {640, 10, 6400, 100}, {text("slab dentry")}}};
  return profile;
}

Table kills() {
  const auto bytes = [](std::uint64_t value) { return Value(value); };
  return {"oom_kill",
          "Processes killed for want of memory",
          {{"pid", "PID"},
           {"comm", "KILLED"},
           {"anonymous_bytes", "ANONYMOUS", Unit::bytes},
           {"file_bytes", "FILE", Unit::bytes},
           {"shmem_bytes", "SHMEM", Unit::bytes},
           {"swap_bytes", "SWAP", Unit::bytes},
           {"oom_score_adj", "ADJUSTED"},
           {"cgroup", "CGROUP AT ITS LIMIT"},
           {"limit_bytes", "LIMIT", Unit::bytes},
           {"usage_bytes", "USAGE", Unit::bytes},
           {"by_pid", "BY PID"},
           {"by_comm", "ASKED FOR MORE"},
           {"last_growth", "GREW LAST IN"}},
          {{std::int64_t{100}, text("db"), bytes(30 << 20), bytes(1 << 20), bytes(0), bytes(0),
            std::int64_t{-500}, text("web"), bytes(32 << 20), bytes(32 << 20), std::int64_t{101},
            text("client"), std::vector<std::string>{"fill", "main"}},
           {std::int64_t{100}, text("db"), bytes(1), bytes(1), bytes(0), bytes(0), std::int64_t{0},
            std::monostate{}, std::monostate{}, std::monostate{}, std::int64_t{1}, text("init"),
            std::monostate{}}}};
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
  report.sections = {faults(),
                     released(),
                     other("map_site", "Growth of address spaces", {"mapped", "bytes", "bytes"},
                           {"maps", "count", "count"}),
                     other("unmap_site", "Address space given back", {"unmapped", "bytes", "bytes"},
                           {"unmaps", "count", "count"}),
                     other("copy_site", "Writes to memory that was shared",
                           {"copied", "bytes", "bytes"}, {"copies", "count", "count"}),
                     other("major_fault_site", "Faults that waited for a device",
                           {"major_delay", "nanoseconds", "time_ns", "waiting"},
                           {"major_faults", "count", "count"}),
                     processes(),
                     cgroups(),
                     kills(),
                     kernel(),
                     allocations()};
  report.summary.accounting = {{"mem", 22, 21, 1, {}, 0, {}}};
  report.summary.notices.clear();
  return report;
}

}  // namespace sonde::test
