#include "util/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sonde::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

struct Decoded {
  char32_t code_point = 0;
  std::size_t length = 0;  // 0: ill-formed
};

Decoded decode(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  char32_t value = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    value = lead & 0x1Fu;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    value = lead & 0x0Fu;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    value = lead & 0x07u;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {};
  }
  if (s.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) < low || byte(i) > high) return {};
    low = 0x80;
    high = 0xBF;
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  return {value, length};
}

struct Range {
  char32_t first;
  char32_t last;
};

// Zero-width and double-width blocks that occur in process and function names. Source: Unicode 15,
// DerivedGeneralCategory (Mn, Me, Cf) and EastAsianWidth (W, F), joined to whole blocks.
constexpr std::array kZeroWidth = {
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200F},
    Range{0x202A, 0x202E}, Range{0x2060, 0x2064}, Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F},
    Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF}};
constexpr std::array kDoubleWidth = {
    Range{0x1100, 0x115F},   Range{0x2E80, 0x303E},  Range{0x3041, 0x33FF}, Range{0x3400, 0x4DBF},
    Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},  Range{0xAC00, 0xD7A3}, Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},  Range{0xFFE0, 0xFFE6}, Range{0x1F300, 0x1F64F},
    Range{0x1F900, 0x1F9FF}, Range{0x20000, 0x3FFFD}};

template <std::size_t N>
bool contains(const std::array<Range, N>& ranges, char32_t c) {
  for (const Range& range : ranges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

std::size_t width_of(char32_t c) {
  if (contains(kZeroWidth, c)) return 0;
  return contains(kDoubleWidth, c) ? 2 : 1;
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 ||
         (c >= 0x202A && c <= 0x202E);
}

}  // namespace

std::string repair_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Decoded d = decode(bytes);
    out += d.length == 0 ? kReplacement : bytes.substr(0, d.length);
    bytes.remove_prefix(d.length == 0 ? 1 : d.length);
  }
  return out;
}

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  append_printable(out, bytes);
  return out;
}

void append_printable(std::string& out, std::string_view bytes) {
  const auto plain_end =
      std::find_if(bytes.begin(), bytes.end(), [](char c) { return c < 0x20 || c >= 0x7F; });
  const auto plain = static_cast<std::size_t>(plain_end - bytes.begin());
  out += bytes.substr(0, plain);
  bytes.remove_prefix(plain);
  while (!bytes.empty()) {
    const Decoded d = decode(bytes);
    if (d.length == 0) {
      out += kReplacement;
    } else if (is_control(d.code_point)) {
      out += '?';
    } else {
      out += bytes.substr(0, d.length);
    }
    bytes.remove_prefix(d.length == 0 ? 1 : d.length);
  }
}

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  while (!utf8.empty()) {
    const Decoded d = decode(utf8);
    width += d.length == 0 ? 1 : width_of(d.code_point);
    utf8.remove_prefix(d.length == 0 ? 1 : d.length);
  }
  return width;
}

std::string fit(std::string_view utf8, std::size_t width) {
  if (display_width(utf8) <= width) return std::string(utf8);
  if (width == 0) return {};
  std::size_t used = 0;
  std::size_t end = 0;
  while (end < utf8.size()) {
    const Decoded d = decode(utf8.substr(end));
    const std::size_t next = d.length == 0 ? 1 : width_of(d.code_point);
    if (used + next > width - 1) break;
    used += next;
    end += d.length == 0 ? 1 : d.length;
  }
  return std::string(utf8.substr(0, end)).append(kEllipsis);
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    out += kDigits[value >> 4];
    out += kDigits[value & 0xF];
  }
  return out;
}

}  // namespace sonde::text
