#include "http/chunks.hpp"

#include <cstddef>

namespace sonde::http {
namespace {

// No chunk is larger, and adding it to a position cannot overflow.
constexpr std::uint64_t kLargestChunk = std::uint64_t{1} << 48;

std::optional<unsigned> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// Of the line "1f;extension".
std::optional<std::uint64_t> chunk_size(std::string_view line) noexcept {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size(); ++digits) {
    const auto digit = hex_digit(line[digits]);
    if (!digit) break;
    size = size * 16 + *digit;
    if (size > kLargestChunk) return std::nullopt;
  }
  if (digits == 0) return std::nullopt;
  return size;
}

}  // namespace

std::optional<std::uint64_t> size_of_chunks(std::string_view bytes) noexcept {
  std::uint64_t at = 0;
  bool trailer = false;
  while (at < bytes.size()) {
    const std::size_t end = bytes.find('\n', static_cast<std::size_t>(at));
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line =
        bytes.substr(static_cast<std::size_t>(at), end - static_cast<std::size_t>(at));
    if (line.ends_with('\r')) line.remove_suffix(1);
    at = end + 1;
    if (trailer) {
      if (line.empty()) return at;
      continue;
    }
    const auto size = chunk_size(line);
    if (!size) return std::nullopt;
    if (*size == 0) {
      trailer = true;
      continue;
    }
    // Its bytes and the line end behind them.
    at += *size;
    if (at >= bytes.size()) return std::nullopt;
    if (bytes[static_cast<std::size_t>(at)] == '\r') ++at;
    if (at >= bytes.size() || bytes[static_cast<std::size_t>(at)] != '\n') return std::nullopt;
    ++at;
  }
  return std::nullopt;
}

}  // namespace sonde::http
