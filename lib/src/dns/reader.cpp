#include "dns/reader.hpp"

#include <fmt/format.h>

#include <iterator>

namespace sonde::dns {
namespace {

// RFC 1035, 4.1.4: the two highest bits of a length byte.
constexpr std::uint8_t kLabelTypeMask = 0xc0;
constexpr std::uint8_t kPointer = 0xc0;
constexpr std::size_t kLongestName = 255;

void append_label(std::string& text, std::span<const std::byte> label) {
  for (const std::byte byte : label) {
    const auto c = std::to_integer<unsigned char>(byte);
    if (c == '.' || c == '\\') {
      text += '\\';
      text += static_cast<char>(c);
    } else if (c > 0x20 && c < 0x7f) {
      text += static_cast<char>(c);
    } else {
      fmt::format_to(std::back_inserter(text), "\\{:03}", c);
    }
  }
}

}  // namespace

const char* to_string(Defect defect) noexcept {
  switch (defect) {
    case Defect::none:
      return "";
    case Defect::cut:
      return "only its beginning was captured";
    case Defect::too_short:
      return "it ends before what it announces";
    case Defect::label_type:
      return "a name has a label of an unknown type";
    case Defect::name_too_long:
      return "a name is longer than 255 bytes";
    case Defect::name_loop:
      return "a name points to itself";
    case Defect::record_length:
      return "the length of a record does not fit its content";
    case Defect::too_many:
      return "it has more records than are read";
  }
  return "";
}

bool Reader::fail(Defect defect) noexcept {
  if (defect_ == Defect::none) defect_ = defect;
  return false;
}

bool Reader::has(std::size_t at, std::size_t count) noexcept {
  if (defect_ != Defect::none) return false;
  if (at <= bytes_.size() && count <= bytes_.size() - at) return true;
  const bool was_sent = at <= length_ && count <= length_ - at;
  return fail(was_sent ? Defect::cut : Defect::too_short);
}

bool Reader::read(std::uint8_t& value) noexcept {
  if (!has(at_, 1)) return false;
  value = byte_at(at_++);
  return true;
}

bool Reader::read(std::uint16_t& value) noexcept {
  if (!has(at_, 2)) return false;
  value = static_cast<std::uint16_t>(byte_at(at_) << 8 | byte_at(at_ + 1));
  at_ += 2;
  return true;
}

bool Reader::read(std::uint32_t& value) noexcept {
  std::uint16_t high = 0;
  std::uint16_t low = 0;
  if (!has(at_, 4) || !read(high) || !read(low)) return false;
  value = std::uint32_t{high} << 16 | low;
  return true;
}

bool Reader::read_bytes(std::size_t count, std::span<const std::byte>& part) noexcept {
  if (!has(at_, count)) return false;
  part = bytes_.subspan(at_, count);
  at_ += count;
  return true;
}

bool Reader::skip(std::size_t count) noexcept {
  std::span<const std::byte> skipped;
  return read_bytes(count, skipped);
}

// A pointer must lead to before the name, or the part of a name, that it ends. So every jump goes
// further back, and reading ends.
bool Reader::read_name(std::string& text) {
  text.clear();
  std::size_t at = at_;
  std::size_t part = at_;
  std::size_t wire_length = 0;
  bool jumped = false;
  while (true) {
    if (!has(at, 1)) return false;
    const std::uint8_t head = byte_at(at);
    if ((head & kLabelTypeMask) == kPointer) {
      if (!has(at, 2)) return false;
      const std::size_t target = std::size_t{head} % 64 << 8 | byte_at(at + 1);
      if (!jumped) at_ = at + 2;
      jumped = true;
      if (target >= part) return fail(Defect::name_loop);
      at = part = target;
      continue;
    }
    if ((head & kLabelTypeMask) != 0) return fail(Defect::label_type);
    wire_length += 1u + head;
    if (wire_length > kLongestName) return fail(Defect::name_too_long);
    if (!has(at, 1u + head)) return false;
    if (head == 0) break;
    if (!text.empty()) text += '.';
    append_label(text, bytes_.subspan(at + 1, head));
    at += 1u + head;
  }
  if (!jumped) at_ = at + 1;
  if (text.empty()) text += '.';
  return true;
}

}  // namespace sonde::dns
