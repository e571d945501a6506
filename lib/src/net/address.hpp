// Internet addresses and networks as text. IPv4 addresses are held as ::ffff:a.b.c.d.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <sonde/error.hpp>

namespace sonde::net {

using Address = std::array<std::uint8_t, 16>;

/// "127.0.0.1" for a mapped address, else as RFC 5952 says: "2001:db8::1".
std::string address_text(std::span<const std::uint8_t, 16> address);
/// "127.0.0.1:80", "[::1]:80".
std::string endpoint_text(std::span<const std::uint8_t, 16> address, std::uint16_t port);
/// The name of an AF_UNIX socket as the kernel has it: a path, or "@name" for an abstract one.
std::string unix_name_text(std::string_view name);
/// 0.0.0.0 or ::.
bool is_unspecified(std::span<const std::uint8_t, 16> address) noexcept;

struct Network {
  Address address{};
  /// Of the 128 bits.
  unsigned prefix = 128;
};

/// "10.0.0.0/8", "2001:db8::/32", "::1" or "127.0.0.1". ConfigError that says what is wrong.
Result<Network> parse_network(std::string_view text);

}  // namespace sonde::net
