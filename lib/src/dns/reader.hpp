// Reads the items of a DNS message with bounds: what is beyond the bytes at hand is a defect, never
// a read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sonde::dns {

/// Why a message could not be read to its end.
enum class Defect {
  none,
  cut,            // more of it was sent than is at hand
  too_short,      // its counts or lengths claim more than was sent
  label_type,     // a label that is neither a text nor a pointer (RFC 6891 took the others back)
  name_too_long,  // more than 255 bytes (RFC 1035, 2.3.4)
  name_loop,      // a compressed name that points at or behind itself
  record_length,  // a record whose content does not fit its length
  too_many,       // more records than are read
};
/// As part of a sentence; empty for `none`.
const char* to_string(Defect defect) noexcept;

/// Every function that reads returns false from the first defect on.
class Reader {
 public:
  /// `length` of the message as it was sent; not less than bytes.size().
  Reader(std::span<const std::byte> bytes, std::size_t length) noexcept
      : bytes_(bytes), length_(length) {}

  bool read(std::uint8_t& value) noexcept;
  bool read(std::uint16_t& value) noexcept;
  bool read(std::uint32_t& value) noexcept;
  /// "www.example.com"; "." is the root. A dot, a backslash and what is not printable in a label is
  /// escaped as in zone files (RFC 4343, 2.1).
  bool read_name(std::string& text);
  bool read_bytes(std::size_t count, std::span<const std::byte>& part) noexcept;
  bool skip(std::size_t count) noexcept;

  std::size_t position() const noexcept { return at_; }
  Defect defect() const noexcept { return defect_; }
  bool fail(Defect defect) noexcept;

 private:
  bool has(std::size_t at, std::size_t count) noexcept;
  std::uint8_t byte_at(std::size_t at) const noexcept {
    return std::to_integer<std::uint8_t>(bytes_[at]);
  }

  std::span<const std::byte> bytes_;
  std::size_t length_;
  std::size_t at_ = 0;
  Defect defect_ = Defect::none;
};

}  // namespace sonde::dns
