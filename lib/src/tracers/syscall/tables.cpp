#include "tracers/syscall/tables.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "syscalls/call_names.hpp"
#include "syscalls/errno_names.hpp"

namespace sonde::tracers {
namespace {

using aggregate::CallGrouping;
using aggregate::CallRow;
using aggregate::CallRowKey;
using Row = std::pair<const CallRowKey*, const CallRow*>;
using Label = std::pair<Column, Value>;

std::vector<Row> sorted(const CallRowMap& rows) {
  std::vector<Row> order;
  for (const auto& [key, row] : rows)
    order.emplace_back(&key, &row);
  std::stable_sort(order.begin(), order.end(), [](const Row& a, const Row& b) {
    return std::pair(a.second->total_ns, a.second->calls) >
           std::pair(b.second->total_ns, b.second->calls);
  });
  return order;
}

// What the row is of, in the order of the columns.
std::vector<Label> labels(const CallRowKey& key, const CallRow& row, const CallGrouping& grouping,
                          const CgroupName& cgroup_name) {
  std::vector<Label> all;
  const auto add = [&](const char* json, const char* title, Value value) {
    all.emplace_back(Column{json, title}, std::move(value));
  };
  add("name", "CALL", row_name(key.abi, key.number));
  add("nr", "NR", std::uint64_t{key.number});
  if (grouping.process || grouping.thread) add("pid", "PID", std::uint64_t{key.tgid});
  if (grouping.thread) add("tid", "TID", std::uint64_t{key.tid});
  if (grouping.process || grouping.thread) add("comm", "COMM", row.comm);
  if (grouping.cgroup) add("cgroup", "CGROUP", cgroup_name(key.cgroup));
  if (grouping.error) {
    add("error", "ERROR",
        key.error == 0 ? Value{} : Value{std::string(syscalls::errno_name(key.error))});
  }
  return all;
}

void add_columns(Table& table, const CallGrouping& grouping) {
  const CallRow none;
  for (Label& label : labels({}, none, grouping, [](std::uint64_t) { return std::string(); }))
    table.columns.push_back(std::move(label.first));
}

void begin_row(Table& table, std::vector<Label> all) {
  std::vector<Value>& row = table.rows.emplace_back();
  for (Label& label : all)
    row.push_back(std::move(label.second));
}

}  // namespace

std::string row_name(std::uint8_t abi, std::uint32_t number) {
  return syscalls::call_name({abi, number});
}

Table syscall_table(const CallRowMap& rows, const CallGrouping& grouping, bool timed,
                    const CgroupName& cgroup_name) {
  Table table{.type = "syscall", .title = "System calls", .columns = {}, .rows = {}};
  add_columns(table, grouping);
  const auto column = [&](const char* key, const char* title, Unit unit) {
    table.columns.push_back({key, title, unit});
  };
  column("calls", "CALLS", Unit::count);
  column("errors", "ERRORS", Unit::count);
  column("total_ns", "TOTAL", Unit::nanoseconds);
  column("min_ns", "MIN", Unit::nanoseconds);
  column("mean_ns", "MEAN", Unit::nanoseconds);
  column("p50_ns", "P50", Unit::nanoseconds);
  column("p90_ns", "P90", Unit::nanoseconds);
  column("p99_ns", "P99", Unit::nanoseconds);
  column("max_ns", "MAX", Unit::nanoseconds);
  for (const auto& [key, row] : sorted(rows)) {
    begin_row(table, labels(*key, *row, grouping, cgroup_name));
    std::vector<Value>& values = table.rows.back();
    values.insert(values.end(), {row->calls, row->errors});
    if (!timed || row->timed == 0) {
      values.resize(table.columns.size());
      continue;
    }
    values.insert(values.end(),
                  {row->total_ns, row->min_ns, row->total_ns / row->timed, row->percentile(0.5),
                   row->percentile(0.9), row->percentile(0.99), row->max_ns});
  }
  return table;
}

Table error_table(const CallRowMap& rows, const CallGrouping& grouping,
                  const CgroupName& cgroup_name) {
  Table table{.type = "syscall_error", .title = "Errors", .columns = {}, .rows = {}};
  CallGrouping others = grouping;
  others.error = false;
  add_columns(table, others);
  table.columns.push_back({"error", "ERROR"});
  table.columns.push_back({"calls", "CALLS", Unit::count});
  for (const auto& [key, row] : sorted(rows)) {
    for (const auto& [error, calls] : row->by_error) {
      begin_row(table, labels(*key, *row, others, cgroup_name));
      table.rows.back().emplace_back(std::string(syscalls::errno_name(error)));
      table.rows.back().emplace_back(calls);
    }
  }
  return table;
}

std::vector<Histogram> latency_histograms(const CallRowMap& rows, const CallGrouping& grouping,
                                          const CgroupName& cgroup_name) {
  std::vector<Histogram> all;
  for (const auto& [key, row] : sorted(rows)) {
    if (row->timed == 0) continue;
    Histogram& histogram = all.emplace_back();
    histogram.title = "Latency";
    histogram.labels = labels(*key, *row, grouping, cgroup_name);
    histogram.buckets = row->latency.buckets();
  }
  return all;
}

Table in_flight_table(std::vector<sonde_call_in_flight> calls, std::uint64_t now_ns,
                      std::uint64_t started_ns) {
  Table table{.type = "in_flight",
              .title = "Calls in flight",
              .columns = {{"pid", "PID"},
                          {"tid", "TID"},
                          {"comm", "COMM"},
                          {"name", "CALL"},
                          {"nr", "NR"},
                          {"age_ns", "AGE", Unit::nanoseconds},
                          {"began_before", "BEGAN BEFORE"}},
              .rows = {}};
  const auto begin = [&](const sonde_call_in_flight& call) -> std::uint64_t {
    return call.start_ns == 0 ? started_ns : call.start_ns;
  };
  std::stable_sort(calls.begin(), calls.end(),
                   [&](const auto& a, const auto& b) { return begin(a) < begin(b); });
  for (const sonde_call_in_flight& call : calls) {
    table.rows.push_back({std::uint64_t{call.tgid}, std::uint64_t{call.tid},
                          std::string(call.comm, ::strnlen(call.comm, sizeof(call.comm))),
                          row_name(call.abi, call.number), std::uint64_t{call.number},
                          now_ns - std::min(now_ns, begin(call)), call.start_ns == 0});
  }
  return table;
}

}  // namespace sonde::tracers
