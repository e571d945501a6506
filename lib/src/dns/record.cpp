#include "dns/record.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "dns/codes.hpp"
#include "util/text.hpp"

namespace sonde::dns {
namespace {

enum : std::uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kDname = 39,
  kSvcb = 64,
  kHttps = 65,
  kSpf = 99,
  kCaa = 257,
};

// Longer contents are keys, signatures and the like: their beginning tells them apart.
constexpr std::size_t kMostBytesShown = 32;

bool read_address(Reader& reader, int family, std::size_t size, std::string& text) {
  std::span<const std::byte> bytes;
  if (!reader.read_bytes(size, bytes)) return false;
  std::array<char, INET6_ADDRSTRLEN> shown{};
  text = ::inet_ntop(family, bytes.data(), shown.data(), shown.size());
  return true;
}

// A character string: a length byte and as many bytes (RFC 1035, 3.3).
bool read_string(Reader& reader, std::string& text) {
  std::uint8_t length = 0;
  std::span<const std::byte> bytes;
  if (!reader.read(length) || !reader.read_bytes(length, bytes)) return false;
  text += '"';
  for (const std::byte byte : bytes) {
    const auto c = std::to_integer<unsigned char>(byte);
    if (c == '"' || c == '\\') text += '\\';
    if (c >= 0x20 && c < 0x7f) {
      text += static_cast<char>(c);
    } else {
      fmt::format_to(std::back_inserter(text), "\\{:03}", c);
    }
  }
  text += '"';
  return true;
}

bool read_strings(Reader& reader, std::size_t end, std::string& text) {
  while (reader.position() < end) {
    if (!text.empty()) text += ' ';
    if (!read_string(reader, text)) return false;
  }
  return true;
}

bool read_soa(Reader& reader, std::string& text) {
  std::string mailbox;
  std::array<std::uint32_t, 5> numbers{};
  if (!reader.read_name(text) || !reader.read_name(mailbox)) return false;
  text += ' ' + mailbox;
  for (std::uint32_t& number : numbers) {
    if (!reader.read(number)) return false;
    fmt::format_to(std::back_inserter(text), " {}", number);
  }
  return true;
}

bool read_srv(Reader& reader, std::string& text) {
  std::array<std::uint16_t, 3> numbers{};  // priority, weight, port
  std::string target;
  for (std::uint16_t& number : numbers) {
    if (!reader.read(number)) return false;
  }
  if (!reader.read_name(target)) return false;
  text = fmt::format("{} {} {} {}", numbers[0], numbers[1], numbers[2], target);
  return true;
}

// MX, and the beginning of SVCB and HTTPS: a number and a name.
bool read_numbered_name(Reader& reader, std::string& text) {
  std::uint16_t number = 0;
  std::string target;
  if (!reader.read(number) || !reader.read_name(target)) return false;
  text = fmt::format("{} {}", number, target);
  return true;
}

bool read_unknown(Reader& reader, std::size_t length, std::string& text) {
  std::span<const std::byte> bytes;
  if (!reader.read_bytes(length, bytes)) return false;
  const auto shown = bytes.first(std::min(length, kMostBytesShown));
  text = fmt::format("\\# {} {}{}", length,
                     text::to_hex({reinterpret_cast<const char*>(shown.data()), shown.size()}),
                     shown.size() < length ? "..." : "");
  return true;
}

// SVCB and HTTPS (RFC 9460): what follows the name is shown as its keys' count of bytes.
bool read_service(Reader& reader, std::size_t end, std::string& text) {
  if (!read_numbered_name(reader, text)) return false;
  if (reader.position() >= end) return true;
  std::string parameters;
  if (!read_unknown(reader, end - reader.position(), parameters)) return false;
  text += ' ' + parameters;
  return true;
}

bool read_caa(Reader& reader, std::size_t end, std::string& text) {
  std::uint8_t flags = 0;
  std::uint8_t tag_length = 0;
  std::span<const std::byte> tag;
  std::span<const std::byte> value;
  if (!reader.read(flags) || !reader.read(tag_length) || !reader.read_bytes(tag_length, tag))
    return false;
  if (reader.position() > end) return reader.fail(Defect::record_length);
  if (!reader.read_bytes(end - reader.position(), value)) return false;
  const auto shown = [](std::span<const std::byte> bytes) {
    return text::printable({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  text = fmt::format("{} {} \"{}\"", flags, shown(tag), shown(value));
  return true;
}

bool read_content(Reader& reader, std::uint16_t type, std::uint16_t length, std::string& text) {
  const std::size_t end = reader.position() + length;
  switch (type) {
    case kA:
      return length == 4 ? read_address(reader, AF_INET, 4, text)
                         : reader.fail(Defect::record_length);
    case kAaaa:
      return length == 16 ? read_address(reader, AF_INET6, 16, text)
                          : reader.fail(Defect::record_length);
    case kNs:
    case kCname:
    case kPtr:
    case kDname:
      return reader.read_name(text);
    case kMx:
      return read_numbered_name(reader, text);
    case kSoa:
      return read_soa(reader, text);
    case kSrv:
      return read_srv(reader, text);
    case kTxt:
    case kSpf:
      return read_strings(reader, end, text);
    case kSvcb:
    case kHttps:
      return read_service(reader, end, text);
    case kCaa:
      return read_caa(reader, end, text);
    default:
      return read_unknown(reader, length, text);
  }
}

}  // namespace

bool read_record_content(Reader& reader, std::uint16_t type, std::uint16_t length,
                         std::string& text) {
  text.clear();
  const std::size_t end = reader.position() + length;
  // RFC 2136 and RFC 2930 have records without content.
  if (length == 0) return true;
  if (!read_content(reader, type, length, text)) return false;
  return reader.position() == end || reader.fail(Defect::record_length);
}

}  // namespace sonde::dns
