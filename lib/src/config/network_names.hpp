// The spelling of the network tracer's choices in flags and files.
#pragma once

#include <sonde/config.hpp>
#include <string_view>
#include <vector>

namespace sonde::config {

/// "connection", "process", "remote", "port" or "cgroup".
std::string_view to_string(NetworkGroup group) noexcept;
/// ConfigError with a did-you-mean for any other name.
Result<NetworkGroup> parse_network_group(std::string_view name);
std::vector<std::string_view> network_group_names();

/// ConfigError with a did-you-mean unless `name` is "tcp", "udp" or "unix".
Result<void> check_network_protocol(std::string_view name);
/// The full name for "ipv4", "ipv6", "unix" or the short "4", "6". ConfigError for any other.
Result<std::string_view> network_family(std::string_view name);

}  // namespace sonde::config
