// What went through UDP and AF_UNIX sockets, taken out of the kernel's map and added up.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ingest/map_drain.hpp"
#include "tracers/net/skeleton.hpp"

namespace sonde::tracers {

struct FlowTotal {
  std::uint64_t id = 0;
  /// With the sums since the start.
  sonde_flow flow{};
};

class NetFlows {
 public:
  static constexpr std::uint32_t kCapacity = 65'536;
  /// What was new of one socket since the last drain.
  using Visit = std::function<void(const sonde_flow& news)>;

  NetFlows(const net_bpf& skeleton, bool batches, std::uint64_t most);

  /// At most `most` sockets are kept; of more only `visit` hears, and they count as lost.
  Result<void> drain(const Visit& visit);
  /// With the most bytes first.
  std::vector<FlowTotal> totals() const;
  std::uint64_t count() const noexcept { return totals_.size(); }
  std::uint64_t lost() const noexcept { return lost_.size(); }

 private:
  ingest::MapDrain drain_;
  std::uint64_t most_;
  std::unordered_map<std::uint64_t, sonde_flow> totals_;
  std::unordered_set<std::uint64_t> lost_;
};

}  // namespace sonde::tracers
