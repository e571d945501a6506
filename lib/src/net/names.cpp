#include "net/names.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "net_event.h"

namespace sonde::net {
namespace {

// include/net/tcp_states.h
constexpr std::array<std::string_view, 13> kStates = {
    "",       "ESTABLISHED", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
    "CLOSED", "CLOSE-WAIT",  "LAST-ACK", "LISTEN",   "CLOSING",    "SYN-RECV"};
constexpr std::array<std::string_view, 4> kRoles = {"", "client", "server", "listener"};
constexpr std::array<std::string_view, 10> kEvents = {
    "open",       "close",      "connect",        "established", "accept",
    "retransmit", "reset_sent", "reset_received", "listen",      "error"};

template <std::size_t n>
std::string_view name_in(const std::array<std::string_view, n>& names, std::size_t index) noexcept {
  return index < n ? names[index] : std::string_view();
}

}  // namespace

std::string_view state_name(std::uint8_t state) noexcept {
  return name_in(kStates, state);
}

std::string_view protocol_name(std::uint16_t family, std::uint8_t protocol,
                               std::uint8_t type) noexcept {
  if (family == AF_UNIX) {
    if (type == SOCK_STREAM) return "unix";
    return type == SOCK_DGRAM ? "unix-dgram" : "unix-seqpacket";
  }
  return protocol == IPPROTO_TCP ? "tcp" : "udp";
}

std::string_view family_name(std::uint16_t family) noexcept {
  if (family == AF_UNIX) return "unix";
  return family == AF_INET ? "ipv4" : "ipv6";
}

std::string_view role_name(std::uint8_t role) noexcept {
  return name_in(kRoles, role);
}

std::string_view event_name(std::uint8_t event) noexcept {
  return name_in(kEvents, event);
}

}  // namespace sonde::net
