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

std::vector<Value> call_row(EbpfEvent& event, Syscall& call) {
  using std::chrono::nanoseconds;
  std::vector<Value> row;
  row.reserve(11);
  row.emplace_back(std::chrono::duration_cast<nanoseconds>(event.time.time_since_epoch()).count());
  row.emplace_back(std::int64_t{event.pid});
  row.emplace_back(std::int64_t{event.tid});
  row.emplace_back(std::move(event.comm));
  row.emplace_back(std::move(call.name));
  row.emplace_back(std::uint64_t{call.nr});
  row.emplace_back(std::move(call.arguments));
  row.push_back(call.result ? Value(*call.result) : Value());
  row.emplace_back(std::move(call.result_text));
  row.push_back(call.error.empty() ? Value() : Value(std::move(call.error)));
  row.push_back(call.duration ? Value(std::int64_t{call.duration->count()}) : Value());
  return row;
}

}  // namespace

Table call_table(std::vector<EbpfEvent> events) {
  Table table = empty_call_table();
  table.rows.reserve(events.size());
  for (EbpfEvent& event : events) {
    if (auto* const call = std::get_if<Syscall>(&event.data))
      table.rows.push_back(call_row(event, *call));
  }
  return table;
}

}  // namespace sonde
