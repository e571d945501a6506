#include "tracers/net/filter.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "config/network_names.hpp"
#include "net/address.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

tl::unexpected<Error> too_many(std::string_view what, std::size_t most) {
  return fail(ErrorCode::ConfigError, fmt::format("more than {} {}", most, what),
              "Trace several and look at what is wanted afterwards");
}

sonde_net_network wire_network(const net::Network& network) {
  net::Address mask{};
  for (unsigned bit = 0; bit < network.prefix; ++bit)
    mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | 0x80u >> bit % 8);
  sonde_net_network wire{};
  std::memcpy(wire.value, network.address.data(), sizeof(wire.value));
  std::memcpy(wire.mask, mask.data(), sizeof(wire.mask));
  return wire;
}

// ip-netns(8) keeps a file for each name; a process has one in /proc.
std::string netns_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  if (std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; }))
    return fmt::format("/proc/{}/ns/net", name);
  return "/run/netns/" + name;
}

Result<std::uint32_t> netns_inode(const std::string& name) {
  constexpr const char* kHint = "Give a name of 'ip netns', a process id or a path";
  const std::string path = netns_path(name);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return fail(ErrorCode::ConfigError,
                fmt::format("no network namespace '{}' ({}: {})", name, path, std::strerror(errno)),
                kHint);
  }
  struct statfs system {};
  if (::statfs(path.c_str(), &system) != 0 || system.f_type != NSFS_MAGIC)
    return fail(ErrorCode::ConfigError, fmt::format("{} is no namespace", path), kHint);
  return static_cast<std::uint32_t>(status.st_ino);
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

}  // namespace

Result<NetFilter> resolve_net_filter(const NetworkOptions& options) {
  NetFilter filter;
  if (options.ports.size() > SONDE_NET_PORTS) return too_many("ports", SONDE_NET_PORTS);
  if (options.local_ports.size() > SONDE_NET_PORTS) return too_many("local ports", SONDE_NET_PORTS);
  if (options.remotes.size() > SONDE_NET_NETWORKS)
    return too_many("remote addresses", SONDE_NET_NETWORKS);
  filter.ports = options.ports;
  filter.local_ports = options.local_ports;
  for (const std::string& text : options.remotes) {
    const auto network = net::parse_network(text);
    if (!network) return tl::unexpected(network.error());
    filter.networks.push_back(wire_network(*network));
  }
  for (const std::string& name : options.protocols) {
    if (auto known = config::check_network_protocol(name); !known)
      return tl::unexpected(known.error());
  }
  std::vector<std::string> families;
  for (const std::string& name : options.families) {
    const auto family = config::network_family(name);
    if (!family) return tl::unexpected(family.error());
    families.emplace_back(*family);
  }
  filter.tcp = has(options.protocols, "tcp");
  filter.udp = has(options.protocols, "udp");
  filter.ipv4 = has(families, "ipv4");
  filter.ipv6 = has(families, "ipv6");
  // What has neither ports nor addresses does not pass a filter for them.
  const bool internet_only =
      !filter.ports.empty() || !filter.local_ports.empty() || !filter.networks.empty();
  filter.unix_ = has(options.protocols, "unix") && has(families, "unix") && !internet_only;
  if (!options.netns.empty()) {
    const auto inode = netns_inode(options.netns);
    if (!inode) return tl::unexpected(inode.error());
    filter.netns = *inode;
  }
  filter.filtered =
      internet_only || !options.protocols.empty() || !families.empty() || filter.netns != 0;
  return filter;
}

}  // namespace sonde::tracers
