#include "tracers/net/latencies.hpp"

#include <algorithm>
#include <utility>

namespace sonde::tracers {

void NetLatencies::add(std::string_view name, std::uint64_t ns) {
  auto found = current_.find(name);
  if (found == current_.end()) found = current_.emplace(name, Summary{}).first;
  Summary& summary = found->second;
  summary.total_ns += ns;
  summary.min_ns = std::min(summary.min_ns, ns);
  summary.max_ns = std::max(summary.max_ns, ns);
  summary.values.add_value(ns);
}

void NetLatencies::take() {
  taken_ = std::exchange(current_, {});
}

Table NetLatencies::table() const {
  Table table{.type = "latency",
              .title = "Latencies",
              .columns = {{"name", "OF"},
                          {"count", "COUNT", Unit::count},
                          {"min_ns", "MIN", Unit::nanoseconds},
                          {"mean_ns", "MEAN", Unit::nanoseconds},
                          {"p50_ns", "P50", Unit::nanoseconds},
                          {"p90_ns", "P90", Unit::nanoseconds},
                          {"p99_ns", "P99", Unit::nanoseconds},
                          {"max_ns", "MAX", Unit::nanoseconds}},
              .rows = {}};
  for (const auto& [name, summary] : taken_) {
    const std::uint64_t count = summary.values.count();
    // The middle of a bucket may lie outside of what fell into it.
    const auto percentile = [&values = summary](double rank) {
      return std::clamp(values.values.percentile(rank), values.min_ns, values.max_ns);
    };
    table.rows.push_back({name, count, summary.min_ns, summary.total_ns / count, percentile(0.5),
                          percentile(0.9), percentile(0.99), summary.max_ns});
  }
  return table;
}

std::vector<Histogram> NetLatencies::histograms() const {
  std::vector<Histogram> all;
  for (const auto& [name, summary] : taken_) {
    Histogram& histogram = all.emplace_back();
    histogram.title = "Latency";
    histogram.labels = {{Column{"name", "OF"}, name}};
    histogram.buckets = summary.values.buckets();
  }
  return all;
}

}  // namespace sonde::tracers
