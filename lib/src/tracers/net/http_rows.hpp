// HTTP exchanges added up by who, which server, method, path and status.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <unordered_map>

#include <sonde/report.hpp>
#include "aggregate/latency_histogram.hpp"
#include "tracers/net/http_exchanges.hpp"

namespace sonde::tracers {

class HttpRows {
 public:
  /// Paths may be without end, memory is not: exchanges with paths that find no room are added up
  /// in rows without a path.
  static constexpr std::size_t kMostRows = 20'000;

  void add(const HttpExchange& exchange);
  /// Type "http_summary": most exchanges first.
  Table table() const;
  /// Exchanges in rows without their path.
  std::uint64_t pathless() const noexcept { return pathless_; }

 private:
  struct Key {
    std::string comm;
    std::string method;
    std::string path;
    std::array<std::uint8_t, 16> server{};
    std::string socket;
    std::uint16_t port = 0;
    std::uint16_t status = 0;
    bool client = false;
    bool tls = false;

    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Sums {
    std::uint64_t count = 0;
    std::uint64_t total_ns = 0;
    std::uint64_t min_ns = UINT64_MAX;
    std::uint64_t max_ns = 0;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    aggregate::LatencyHistogram latencies;
  };

  std::unordered_map<Key, Sums, Hash> rows_;
  std::uint64_t pathless_ = 0;
};

}  // namespace sonde::tracers
