// Reads a part of a section from front to back, through a window. What lies beyond the end, or a
// number that does not fit, marks the cursor as failed and gives 0; the caller asks once, at the
// end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "dwarf/section.hpp"

namespace sonde::dwarf {

class Cursor {
 public:
  static constexpr std::size_t kScan = std::size_t{64} * 1024;
  static constexpr std::size_t kGlance = 512;

  /// [from, to) of `section`, which outlives this; cut to the section. `window`: bytes to read at
  /// once.
  Cursor(const Section& section, std::uint64_t from, std::uint64_t to, std::size_t window = kScan);

  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return position() >= end_; }
  /// In the section.
  std::uint64_t position() const noexcept { return start_ + static_cast<std::uint64_t>(at_); }

  template <class T>
  T read() {
    T value = {};
    if (need(sizeof value)) {
      std::memcpy(&value, window_.data() + at_, sizeof value);
      at_ += sizeof value;
    }
    return value;
  }
  std::uint64_t read_u24();
  /// 4 or 8 bytes, as the unit's format has it.
  std::uint64_t read_offset(bool is_64) {
    return is_64 ? read<std::uint64_t>() : read<std::uint32_t>();
  }
  /// Of 1 to 8 bytes.
  std::uint64_t read_address(std::uint8_t size);
  std::uint64_t uleb();
  std::int64_t sleb();
  void skip(std::uint64_t length);
  void skip_string();
  void fail() noexcept;

 private:
  bool need(std::size_t length) { return window_.size() - at_ >= length || load(length); }
  bool load(std::size_t length);

  const Section* section_;
  std::uint64_t end_;
  std::size_t most_;
  std::uint64_t start_;  // of the window, in the section
  std::size_t at_ = 0;   // in the window
  std::vector<std::byte> window_;
  bool failed_ = false;
};

}  // namespace sonde::dwarf
