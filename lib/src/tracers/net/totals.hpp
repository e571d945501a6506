#pragma once

#include <cstdint>

namespace sonde::tracers {

struct TrafficSum {
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_packets = 0;
  std::uint64_t rx_packets = 0;
  std::uint64_t retransmits = 0;
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t failed = 0;

  TrafficSum& operator+=(const TrafficSum& other) noexcept;
};

/// Sums for EbpfNetworkTracer::get_stats(), since the start.
struct NetTotals {
  std::uint64_t connections = 0;
  std::uint64_t active = 0;
  TrafficSum traffic;
};

}  // namespace sonde::tracers
