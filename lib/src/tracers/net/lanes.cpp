#include <array>

#include "tracers/net/lane.hpp"

namespace sonde::tracers {

// Adding a lane: its files, one declaration and one word here.
extern const NetLaneEntry net_connections;
extern const NetLaneEntry net_dns;
extern const NetLaneEntry net_drops;
extern const NetLaneEntry net_http;

namespace {

constexpr std::array kLanes = {&net_connections, &net_drops, &net_dns, &net_http};

}  // namespace

std::span<const NetLaneEntry* const> net_lanes() {
  return kLanes;
}

Result<void> NetLane::loaded(net_bpf&) {
  return {};
}

Result<void> NetLane::opened() {
  return {};
}

Result<void> NetLane::maintain() {
  return {};
}

void NetLane::detaching() noexcept {
}

std::vector<core::EventSource*> NetLane::sources() noexcept {
  return {};
}

Result<void> NetLane::drain() noexcept {
  return {};
}

std::uint64_t NetLane::ring_bytes() const noexcept {
  return 0;
}

core::ThreadTime NetLane::worker_time() const {
  return {};
}

std::uint64_t NetLane::trap_count() const noexcept {
  return 0;
}

void NetLane::notices(std::vector<std::string>&) const {
}

void NetLane::add_totals(NetTotals&) const {
}

}  // namespace sonde::tracers
