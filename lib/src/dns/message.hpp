// A DNS message (RFC 1035, 4) from the bytes that were captured of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dns/reader.hpp"

namespace sonde::dns {

struct Question {
  std::string name;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
};

struct Record {
  std::string name;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl_seconds = 0;
  /// As in a zone file.
  std::string content;
};

/// The OPT record (RFC 6891).
struct Edns {
  std::uint16_t udp_bytes = 0;
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  /// RFC 8914.
  std::optional<std::uint16_t> extended_error;
};

struct Message {
  std::uint16_t id = 0;
  std::uint8_t opcode = 0;
  bool response = false;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  /// The 12 bits of header and OPT record together.
  std::uint16_t rcode = 0;
  /// As the header claims.
  std::uint16_t answer_count = 0;
  std::vector<Question> questions;
  /// At most kMostRecords; those that could be read.
  std::vector<Record> answers;
  std::optional<Edns> edns;
  /// Where reading stopped; what is before that is valid.
  Defect defect = Defect::none;

  static constexpr std::size_t kMostRecords = 64;
  static constexpr std::size_t kMostQuestions = 8;
};

inline constexpr std::size_t kHeaderBytes = 12;

/// `length`: of the message as it was sent; `bytes` is its beginning. Nothing if not even its
/// header is there.
std::optional<Message> parse_message(std::span<const std::byte> bytes, std::size_t length);

}  // namespace sonde::dns
