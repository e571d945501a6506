// The live trace's events as rows, so that every renderer for rows can show them.
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sonde/syscall_tracer.hpp>

namespace sonde {
namespace {

Table empty_call_table() {
  return {"call",
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
          {},
          "{time_ns} {pid}/{tid} {comm} {name}({args}) = {result_text} <{duration_ns}>"};
}

std::vector<Value> call_row(SyscallEvent& event) {
  using std::chrono::nanoseconds;
  std::vector<Value> row;
  row.reserve(11);
  row.emplace_back(std::chrono::duration_cast<nanoseconds>(event.time.time_since_epoch()).count());
  row.emplace_back(std::int64_t{event.pid});
  row.emplace_back(std::int64_t{event.tid});
  row.emplace_back(std::move(event.comm));
  row.emplace_back(std::move(event.name));
  row.emplace_back(std::uint64_t{event.nr});
  row.emplace_back(std::move(event.arguments));
  row.push_back(event.result ? Value(*event.result) : Value());
  row.emplace_back(std::move(event.result_text));
  row.push_back(event.error.empty() ? Value() : Value(std::move(event.error)));
  row.push_back(event.duration ? Value(std::int64_t{event.duration->count()}) : Value());
  return row;
}

}  // namespace

Table call_table(std::vector<SyscallEvent> events) {
  Table table = empty_call_table();
  table.rows.reserve(events.size());
  for (SyscallEvent& event : events)
    table.rows.push_back(call_row(event));
  return table;
}

}  // namespace sonde
