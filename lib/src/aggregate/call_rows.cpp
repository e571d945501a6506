#include "aggregate/call_rows.hpp"

#include <algorithm>
#include <cstring>

#include "syscall_event.h"

namespace sonde::aggregate {

std::uint64_t CallRow::percentile(double rank) const noexcept {
  return std::clamp(latency.percentile(rank), min_ns, max_ns);
}

CallRow& CallRows::row_of(const sonde_call_key& key) {
  CallRowKey row{.abi = key.abi, .number = key.number};
  if (grouping_.process || grouping_.thread) row.tgid = key.tgid;
  if (grouping_.thread) row.tid = key.tid;
  if (grouping_.cgroup) row.cgroup = key.cgroup;
  if (grouping_.error) row.error = key.error;
  return rows_[row];
}

void CallRows::add(const sonde_call_key& key, std::span<const std::byte> values,
                   std::size_t stride) {
  CallRow& row = row_of(key);
  for (; values.size() >= stride && stride != 0; values = values.subspan(stride)) {
    sonde_call_stats stats{};
    std::memcpy(&stats, values.data(), std::min(stride, sizeof(stats)));
    if (stats.calls == 0) continue;
    counted_ += stats.calls;
    row.calls += stats.calls;
    if (key.error != 0) {
      row.errors += stats.calls;
      row.by_error[key.error] += stats.calls;
    }
    if (row.comm.empty() || key.tid == key.tgid)
      row.comm.assign(stats.comm, ::strnlen(stats.comm, sizeof(stats.comm)));
    if (stats.timed == 0) continue;
    row.min_ns = row.timed == 0 ? stats.min_ns : std::min<std::uint64_t>(row.min_ns, stats.min_ns);
    row.max_ns = std::max<std::uint64_t>(row.max_ns, stats.max_ns);
    row.timed += stats.timed;
    row.total_ns += stats.total_ns;
    row.latency.add(stats.buckets);
  }
}

void CallRows::add_calls(std::uint8_t abi, std::uint32_t number, std::uint64_t calls) {
  if (calls == 0) return;
  const sonde_call_key key{
      .cgroup = 0, .tgid = 0, .tid = 0, .number = number, .error = 0, .abi = abi, .pad = 0};
  row_of(key).calls += calls;
  counted_ += calls;
}

}  // namespace sonde::aggregate
