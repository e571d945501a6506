#include "net/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "util/fail.hpp"

namespace sonde::net {
namespace {

constexpr std::size_t kIpv4At = 12;

bool is_mapped(std::span<const std::uint8_t, 16> address) noexcept {
  return std::all_of(address.begin(), address.begin() + 10,
                     [](std::uint8_t b) { return b == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

tl::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(ErrorCode::ConfigError, fmt::format("'{}' is no address or network: {}", text, why),
              "Such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32");
}

}  // namespace

std::string address_text(std::span<const std::uint8_t, 16> address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_mapped(address)) {
    ::inet_ntop(AF_INET, address.data() + kIpv4At, text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, address.data(), text.data(), text.size());
  }
  return text.data();
}

std::string endpoint_text(std::span<const std::uint8_t, 16> address, std::uint16_t port) {
  const std::string text = address_text(address);
  return is_mapped(address) ? fmt::format("{}:{}", text, port) : fmt::format("[{}]:{}", text, port);
}

std::string unix_name_text(std::string_view name) {
  std::string text(name);
  // An abstract name begins with a zero, a path ends with one.
  if (!text.empty() && text.front() == '\0') text.front() = '@';
  if (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

bool is_unspecified(std::span<const std::uint8_t, 16> address) noexcept {
  const auto rest = is_mapped(address) ? address.subspan(kIpv4At) : address.subspan(0);
  return std::ranges::all_of(rest, [](std::uint8_t b) { return b == 0; });
}

Result<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  Network network;
  unsigned most = 128;
  std::array<std::uint8_t, 4> ipv4{};
  if (::inet_pton(AF_INET, host.c_str(), ipv4.data()) == 1) {
    most = 32;
    network.address[10] = network.address[11] = 0xff;
    std::ranges::copy(ipv4, network.address.begin() + kIpv4At);
  } else if (::inet_pton(AF_INET6, host.c_str(), network.address.data()) != 1) {
    return bad(text, "the part before a '/' must be an IPv4 or IPv6 address");
  }
  unsigned prefix = most;
  if (slash != std::string_view::npos) {
    const std::string_view length = text.substr(slash + 1);
    const char* const end = length.data() + length.size();
    const auto [rest, failed] = std::from_chars(length.data(), end, prefix);
    if (failed != std::errc{} || rest != end || prefix > most)
      return bad(text, fmt::format("the part after '/' must be from 0 to {}", most));
  }
  network.prefix = 128 - most + prefix;
  for (unsigned bit = network.prefix; bit < 128; ++bit) {
    if ((network.address[bit / 8] >> (7 - bit % 8) & 1) != 0)
      return bad(text, "bits after the prefix are set");
  }
  return network;
}

}  // namespace sonde::net
