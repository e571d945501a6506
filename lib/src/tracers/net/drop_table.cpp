#include "tracers/net/drop_table.hpp"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "net/address.hpp"
#include "net/names.hpp"
#include "report/net_tables.hpp"

namespace sonde::tracers {
namespace {

std::string ip_protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_ICMP:
      return "icmp";
    case IPPROTO_ICMPV6:
      return "icmpv6";
    case IPPROTO_SCTP:
      return "sctp";
    case IPPROTO_GRE:
      return "gre";
    case IPPROTO_ESP:
      return "esp";
    default:
      return fmt::format("ip_{}", protocol);
  }
}

bool is_internet(const sonde_drop_key& key) {
  return key.ends.family == AF_INET || key.ends.family == AF_INET6;
}

// What is known of a packet without addresses: its socket's family, or what Ethernet calls it.
std::string protocol_of(const sonde_drop_key& key) {
  if (is_internet(key) && key.ends.protocol != 0) return ip_protocol_name(key.ends.protocol);
  switch (key.ends.family) {
    case AF_UNIX:
      return "unix";
    case AF_NETLINK:
      return "netlink";
    case AF_PACKET:
      return "packet";
    default:
      break;
  }
  if (key.ethertype == ETH_P_ARP) return "arp";
  if (is_internet(key)) return "ip";
  return key.ethertype == 0 ? std::string() : fmt::format("ethertype_{:#06x}", key.ethertype);
}

Value text_or_null(std::string text) {
  return text.empty() ? Value{} : Value{std::move(text)};
}

Value port_or_null(std::uint16_t port) {
  return port == 0 ? Value{} : Value{std::uint64_t{port}};
}

std::string end_text(std::span<const std::uint8_t, 16> address, std::uint16_t port) {
  const std::string text = net::address_text(address);
  if (port == 0) return text;
  return text.find(':') == std::string::npos ? fmt::format("{}:{}", text, port)
                                             : fmt::format("[{}]:{}", text, port);
}

std::string line_text(const sonde_drop_key& key, bool has_addresses, const std::string& reason,
                      const std::string& function, std::uint64_t bytes) {
  std::string text = fmt::format("drop {}", reason);
  if (const std::string protocol = protocol_of(key); !protocol.empty()) text += ' ' + protocol;
  if (has_addresses) {
    text += fmt::format(" {} -> {}", end_text(key.ends.local, key.ends.local_port),
                        end_text(key.ends.remote, key.ends.remote_port));
  }
  text += fmt::format(" {} bytes", bytes);
  if (key.device[0] != '\0')
    text += fmt::format(" on {}", std::string_view(key.device, ::strnlen(key.device, 16)));
  if (!function.empty()) text += fmt::format(" in {}", function);
  return text;
}

}  // namespace

bool DropFlows::add(const DropFlow& flow, std::size_t most) {
  std::string key(sizeof(flow.key), '\0');
  std::memcpy(key.data(), &flow.key, sizeof(flow.key));
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    if (by_key_.size() >= most) return false;
    by_key_.emplace(std::move(key), flow.sum);
    return true;
  }
  found->second.packets += flow.sum.packets;
  found->second.bytes += flow.sum.bytes;
  found->second.last_ns = std::max(found->second.last_ns, flow.sum.last_ns);
  return true;
}

std::vector<DropFlow> DropFlows::take() {
  std::vector<DropFlow> flows;
  flows.reserve(by_key_.size());
  for (const auto& [bytes, sum] : std::exchange(by_key_, {})) {
    DropFlow& flow = flows.emplace_back();
    std::memcpy(&flow.key, bytes.data(), sizeof(flow.key));
    flow.sum = sum;
  }
  std::ranges::sort(flows, [](const DropFlow& a, const DropFlow& b) {
    if (a.sum.packets != b.sum.packets) return a.sum.packets > b.sum.packets;
    return std::memcmp(&a.key, &b.key, sizeof(a.key)) < 0;
  });
  return flows;
}

std::vector<Value> drop_row(const DropFlow& flow, const std::string& reason,
                            const std::string& function, const core::WallClock& clock) {
  const sonde_drop_key& key = flow.key;
  const bool has_addresses = is_internet(key) && !(net::is_unspecified(key.ends.local) &&
                                                   net::is_unspecified(key.ends.remote));
  const bool known = key.tgid != 0;
  std::vector<Value> row;
  row.reserve(report::drop_table().columns.size());
  row.emplace_back(static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                 clock.time(flow.sum.last_ns).time_since_epoch())
                                                 .count()));
  row.emplace_back(std::uint64_t{flow.sum.packets});
  row.emplace_back(std::uint64_t{flow.sum.bytes});
  row.emplace_back(reason);
  row.push_back(text_or_null(protocol_of(key)));
  row.push_back(has_addresses ? Value{net::address_text(key.ends.local)} : Value{});
  row.push_back(port_or_null(key.ends.local_port));
  row.push_back(has_addresses ? Value{net::address_text(key.ends.remote)} : Value{});
  row.push_back(port_or_null(key.ends.remote_port));
  row.push_back(text_or_null({key.device, ::strnlen(key.device, sizeof(key.device))}));
  row.push_back(key.ends.netns == 0 ? Value{} : Value{std::uint64_t{key.ends.netns}});
  row.push_back(known ? Value{std::uint64_t{key.tgid}} : Value{});
  row.push_back(known ? Value{std::string(key.comm, ::strnlen(key.comm, sizeof(key.comm)))}
                      : Value{});
  row.push_back(text_or_null(function));
  row.emplace_back(line_text(key, has_addresses, reason, function, flow.sum.bytes));
  return row;
}

}  // namespace sonde::tracers
