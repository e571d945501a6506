// Round-trip times and latencies of all lanes, by name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/report.hpp>
#include "aggregate/latency_histogram.hpp"

namespace sonde::tracers {

class NetLatencies {
 public:
  /// Such as "rtt", "connect", "accept", "dns", "http".
  void add(std::string_view name, std::uint64_t ns);
  /// Sets aside what was added since the last call.
  void take();

  /// Of what take() set aside: type "latency", a row for each name.
  Table table() const;
  /// One histogram for each name.
  std::vector<Histogram> histograms() const;

 private:
  struct Summary {
    std::uint64_t total_ns = 0;
    std::uint64_t min_ns = UINT64_MAX;
    std::uint64_t max_ns = 0;
    aggregate::LatencyHistogram values;
  };
  using Summaries = std::map<std::string, Summary, std::less<>>;

  Summaries current_;
  Summaries taken_;
};

}  // namespace sonde::tracers
