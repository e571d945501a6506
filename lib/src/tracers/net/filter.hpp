// Turns NetworkOptions into the constants of net_filter.bpf.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <sonde/config.hpp>
#include "shared/net_event.h"

namespace sonde::tracers {

struct NetFilter {
  std::vector<std::uint16_t> ports;
  std::vector<std::uint16_t> local_ports;
  std::vector<sonde_net_network> networks;
  std::uint32_t netns = 0;
  bool tcp = true;
  bool udp = true;
  bool unix_ = true;
  bool ipv4 = true;
  bool ipv6 = true;
  /// Anything is left out.
  bool filtered = false;
};

/// ConfigError naming what is wrong: too many ports, a bad address, a namespace that is not there.
Result<NetFilter> resolve_net_filter(const NetworkOptions& options);

/// Before the skeleton is loaded.
template <class Rodata>
void configure_net_filter(Rodata& rodata, const NetFilter& filter) {
  rodata.net_filtered = filter.filtered;
  rodata.net_port_count = static_cast<std::uint32_t>(filter.ports.size());
  std::ranges::copy(filter.ports, rodata.net_ports);
  rodata.net_local_port_count = static_cast<std::uint32_t>(filter.local_ports.size());
  std::ranges::copy(filter.local_ports, rodata.net_local_ports);
  rodata.net_network_count = static_cast<std::uint32_t>(filter.networks.size());
  std::ranges::copy(filter.networks, rodata.net_networks);
  rodata.net_namespace = filter.netns;
  rodata.net_tcp = filter.tcp;
  rodata.net_udp = filter.udp;
  rodata.net_unix = filter.unix_;
  rodata.net_ipv4 = filter.ipv4;
  rodata.net_ipv6 = filter.ipv6;
}

}  // namespace sonde::tracers
