// The numbers of DNS by name, as IANA registers them ("Domain Name System (DNS) Parameters").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sonde::dns {

inline constexpr std::uint16_t kTypeOpt = 41;

/// "AAAA"; "TYPE65280" for one without a name (RFC 3597).
std::string type_name(std::uint16_t type);
/// "IN"; "CLASS7" for one without a name.
std::string class_name(std::uint16_t value);
/// "NXDOMAIN"; "RCODE12" for one without a name.
std::string rcode_name(std::uint16_t rcode);
/// What it means, as part of a sentence: "the name does not exist"; empty for NOERROR and for codes
/// without a name.
std::string_view rcode_meaning(std::uint16_t rcode) noexcept;
/// "QUERY"; "OPCODE3" for one without a name.
std::string opcode_name(std::uint8_t opcode);
/// An extended error (RFC 8914): "Stale Answer"; empty for one without a name.
std::string_view extended_error(std::uint16_t code) noexcept;

}  // namespace sonde::dns
