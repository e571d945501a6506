#include "tracers/net/routes.hpp"

#include <bpf/bpf.h>

#include <vector>

namespace sonde::tracers {
namespace {

constexpr std::uint64_t kUnderWayNs = 50'000'000;
// include/net/tcp_states.h
constexpr std::uint8_t kSynSent = 2;
constexpr std::uint8_t kClose = 7;

}  // namespace

void NetRoutes::drain(std::uint64_t now_ns, bool all, const Visit& visit) {
  std::vector<std::uint64_t> threads;
  std::uint64_t thread = 0;
  const std::uint64_t* last = nullptr;
  while (::bpf_map_get_next_key(fd_, last, &thread) == 0) {
    threads.push_back(thread);
    last = &threads.back();
  }
  for (const std::uint64_t each : threads) {
    sonde_route_failure failure{};
    if (::bpf_map_lookup_elem(fd_, &each, &failure) != 0) continue;
    if (!all && failure.time_ns + kUnderWayNs > now_ns) continue;
    // The thread may have found a route meanwhile.
    if (::bpf_map_delete_elem(fd_, &each) != 0) continue;
    ++taken_;
    visit(record_of(failure));
  }
}

sonde_connection_record NetRoutes::record_of(const sonde_route_failure& failure) noexcept {
  sonde_connection_record record{};
  record.header.kind = SONDE_RECORD_CONNECTION;
  record.header.time_ns = failure.time_ns;
  record.owner = failure.owner;
  record.ends = failure.ends;
  // An IPv4 address as its own end: unspecified.
  if (failure.ends.remote[10] == 0xff) record.ends.local[10] = record.ends.local[11] = 0xff;
  record.start_ns = failure.time_ns;
  record.min_rtt_us = ~std::uint32_t{0};
  record.error = static_cast<std::int32_t>(failure.error);
  record.event = SONDE_NET_CLOSE;
  record.state = kClose;
  record.last_state = kSynSent;
  record.role = SONDE_NET_ROLE_CLIENT;
  return record;
}

}  // namespace sonde::tracers
