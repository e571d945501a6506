// The words for what the kernel has numbers for.
#pragma once

#include <cstdint>
#include <string_view>

namespace sonde::net {

/// "ESTABLISHED", "SYN-SENT": as ss(8) and RFC 9293 spell them. Sockets of other protocols use the
/// same numbers.
std::string_view state_name(std::uint8_t state) noexcept;

/// "tcp", "udp", "unix"; "unix-dgram" and "unix-seqpacket" for other AF_UNIX sockets than streams.
std::string_view protocol_name(std::uint16_t family, std::uint8_t protocol,
                               std::uint8_t type) noexcept;

/// "ipv4", "ipv6" or "unix".
std::string_view family_name(std::uint16_t family) noexcept;

/// "client", "server" or "listener"; empty if it is not known.
std::string_view role_name(std::uint8_t role) noexcept;

/// "connect", "retransmit": SONDE_NET_CONNECT and so on.
std::string_view event_name(std::uint8_t event) noexcept;

}  // namespace sonde::net
