#include "tracers/net/flows.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace sonde::tracers {

NetFlows::NetFlows(const net_bpf& skeleton, bool batches, std::uint64_t most)
    : drain_({::bpf_map__fd(skeleton.maps.flows), ::bpf_map__fd(skeleton.maps.flows_a),
              ::bpf_map__fd(skeleton.maps.flows_b), sizeof(std::uint64_t), sizeof(sonde_flow),
              kCapacity},
             batches),
      most_(most) {
}

Result<void> NetFlows::drain(const Visit& visit) {
  return drain_.drain([&](std::span<const std::byte> key, std::span<const std::byte> value) {
    std::uint64_t id = 0;
    sonde_flow news{};
    std::memcpy(&id, key.data(), sizeof(id));
    std::memcpy(&news, value.data(), sizeof(news));
    visit(news);
    const auto found = totals_.find(id);
    if (found == totals_.end()) {
      if (totals_.size() < most_)
        totals_.emplace(id, news);
      else
        lost_.insert(id);
      return;
    }
    sonde_flow& total = found->second;
    news.tx_bytes += total.tx_bytes;
    news.rx_bytes += total.rx_bytes;
    news.tx_messages += total.tx_messages;
    news.rx_messages += total.rx_messages;
    news.first_ns = total.first_ns;
    // The other end may be gone by now.
    if (news.name.bytes == 0) news.name = total.name;
    total = news;
  });
}

std::vector<FlowTotal> NetFlows::totals() const {
  std::vector<FlowTotal> all;
  all.reserve(totals_.size());
  for (const auto& [id, flow] : totals_)
    all.push_back({id, flow});
  std::ranges::sort(all, [](const FlowTotal& a, const FlowTotal& b) {
    return a.flow.tx_bytes + a.flow.rx_bytes > b.flow.tx_bytes + b.flow.rx_bytes;
  });
  return all;
}

}  // namespace sonde::tracers
