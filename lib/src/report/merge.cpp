#include "report/merge.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace sonde::report {
namespace {

using Settings = std::vector<std::pair<std::string, Value>>;

bool in_all(const std::vector<Report>& reports, const std::pair<std::string, Value>& setting) {
  return std::ranges::all_of(reports, [&](const Report& report) {
    return std::ranges::find(report.header.config, setting) != report.header.config.end();
  });
}

Settings merge_settings(const std::vector<Report>& reports) {
  Settings merged;
  for (const auto& setting : reports.front().header.config) {
    if (in_all(reports, setting)) merged.push_back(setting);
  }
  for (const Report& report : reports) {
    for (const auto& [key, value] : report.header.config) {
      if (!in_all(reports, {key, value}))
        merged.emplace_back(report.header.command + "." + key, value);
    }
  }
  return merged;
}

std::optional<std::uint64_t> sum(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  return a && b ? std::optional(*a + *b) : std::nullopt;
}

void add(const Overhead& part, Overhead& total) {
  total.user_cpu_ns += part.user_cpu_ns;
  total.system_cpu_ns += part.system_cpu_ns;
  total.bpf_ns = sum(total.bpf_ns, part.bpf_ns);
  total.target_trap_ns = sum(total.target_trap_ns, part.target_trap_ns);
  total.rss_bytes = std::max(total.rss_bytes, part.rss_bytes);
  total.map_bytes += part.map_bytes;
  total.memory_bytes = total.rss_bytes + total.map_bytes;
  // A mean over all events would need to know how many each had.
  total.event_latency_us.reset();
}

template <class T>
void append(std::vector<T>& all, std::vector<T>& more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Report merge(std::vector<Report> reports) {
  if (reports.size() == 1) return std::move(reports.front());
  Report all;
  if (reports.empty()) return all;
  all.header = reports.front().header;
  all.header.command = "run";
  all.header.config = merge_settings(reports);
  all.header.plan.clear();
  for (Report& report : reports) {
    const std::string& tracer = report.header.command;
    all.header.started = std::min(all.header.started, report.header.started);
    append(all.header.plan, report.header.plan);
    for (Section& section : report.sections) {
      if (auto* profile = std::get_if<StackProfile>(&section)) profile->tracer = tracer;
    }
    append(all.sections, report.sections);
    ReportSummary& summary = report.summary;
    all.summary.duration = std::max(all.summary.duration, summary.duration);
    append(all.summary.accounting, summary.accounting);
    if (all.summary.costs.empty()) {
      all.summary.overhead = summary.overhead;
      all.summary.overhead.event_latency_us.reset();
    } else {
      add(summary.overhead, all.summary.overhead);
    }
    all.summary.costs.push_back({tracer, summary.overhead});
    for (const std::string& notice : summary.notices)
      all.summary.notices.push_back(tracer + ": " + notice);
  }
  all.summary.overhead.update_percent(all.summary.duration);
  return all;
}

}  // namespace sonde::report
