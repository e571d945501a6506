#include "dwarf/cursor.hpp"

#include <algorithm>

namespace sonde::dwarf {

Cursor::Cursor(const Section& section, std::uint64_t from, std::uint64_t to, std::size_t window)
    : section_(&section), end_(std::min(to, section.size())), most_(window), start_(from) {
}

// Windows start where the first byte that is needed lies.
bool Cursor::load(std::size_t length) {
  const std::uint64_t here = position();
  if (here >= end_ || end_ - here < length) {
    fail();
    return false;
  }
  window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(most_, end_ - here)));
  window_.resize(section_->read(here, window_));
  start_ = here;
  at_ = 0;
  if (window_.size() >= length) return true;
  fail();
  return false;
}

void Cursor::fail() noexcept {
  failed_ = true;
  start_ = end_;
  at_ = 0;
  window_.clear();
}

std::uint64_t Cursor::read_u24() {
  const std::uint64_t low = read<std::uint16_t>();
  return low | std::uint64_t{read<std::uint8_t>()} << 16;
}

std::uint64_t Cursor::read_address(std::uint8_t size) {
  std::uint64_t value = 0;
  if (size == 0 || size > sizeof value) {
    fail();
  } else if (need(size)) {
    std::memcpy(&value, window_.data() + at_, size);
    at_ += size;
  }
  return value;
}

std::uint64_t Cursor::uleb() {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = read<std::uint8_t>();
    if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return value;
    if (shift > 128) {
      fail();
      return 0;
    }
  }
}

std::int64_t Cursor::sleb() {
  std::uint64_t value = 0;
  for (unsigned shift = 0;;) {
    const auto byte = read<std::uint8_t>();
    if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
    shift += 7;
    if ((byte & 0x80) == 0) {
      if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
      return static_cast<std::int64_t>(value);
    }
    if (shift > 128) {
      fail();
      return 0;
    }
  }
}

void Cursor::skip(std::uint64_t length) {
  if (length <= window_.size() - at_) {
    at_ += static_cast<std::size_t>(length);
    return;
  }
  const std::uint64_t here = position();
  if (here > end_ || length > end_ - here) {
    fail();
    return;
  }
  start_ = here + length;
  at_ = 0;
  window_.clear();
}

void Cursor::skip_string() {
  while (need(1)) {
    const auto begin = window_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto zero = std::find(begin, window_.end(), std::byte{0});
    at_ += static_cast<std::size_t>(zero - begin);
    if (zero != window_.end()) {
      ++at_;
      return;
    }
  }
}

}  // namespace sonde::dwarf
