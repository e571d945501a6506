// Bounded reading of the bytes of call frame information. A read beyond the end, or a number that
// does not fit, marks the reader as failed and gives 0; the caller asks once, at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace sonde::unwind {

class CfiReader {
 public:
  CfiReader() noexcept = default;
  /// Reads section[from, to); both are cut to the section.
  CfiReader(std::span<const std::byte> section, std::uint64_t from, std::uint64_t to) noexcept
      : base_(section.data()) {
    const std::uint64_t end = std::min<std::uint64_t>(to, section.size());
    end_ = base_ + end;
    at_ = base_ + std::min(from, end);
  }

  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return at_ == end_; }
  /// From the section's first byte.
  std::uint64_t position() const noexcept { return static_cast<std::uint64_t>(at_ - base_); }
  std::uint64_t remaining() const noexcept { return static_cast<std::uint64_t>(end_ - at_); }

  template <class T>
  T read() noexcept {
    T value = {};
    if (sizeof value > remaining()) {
      fail();
      return value;
    }
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  std::uint64_t uleb() noexcept {
    // Nearly all fit a byte.
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80)
      return static_cast<std::uint8_t>(*at_++);
    return long_uleb();
  }
  std::int64_t sleb() noexcept;

  /// The next `length` bytes, which are skipped.
  std::span<const std::byte> bytes(std::uint64_t length) noexcept {
    if (length > remaining()) {
      fail();
      return {};
    }
    const std::span<const std::byte> taken(at_, static_cast<std::size_t>(length));
    at_ += length;
    return taken;
  }

  /// At the end from then on.
  void fail() noexcept {
    failed_ = true;
    at_ = end_;
  }

 private:
  std::uint64_t long_uleb() noexcept;

  const std::byte* base_ = nullptr;
  const std::byte* at_ = nullptr;
  const std::byte* end_ = nullptr;
  bool failed_ = false;
};

constexpr std::uint8_t kPointerAbsolute = 0x00;
constexpr std::uint8_t kPointerFormatMask = 0x0f;
constexpr std::uint8_t kPointerSigned4 = 0x0b;
constexpr std::uint8_t kPointerPcRelative = 0x10;

/// A pointer in one of the DW_EH_PE encodings of the Linux Standard Base, "DWARF Extensions".
/// Nothing for those whose value only the running process has (indirect, datarel and so on).
std::optional<std::uint64_t> read_any_pointer(CfiReader& reader, std::uint8_t encoding,
                                              std::uint64_t section_address) noexcept;

/// The same, and quick for the encoding that compilers use.
inline std::optional<std::uint64_t> read_pointer(CfiReader& reader, std::uint8_t encoding,
                                                 std::uint64_t section_address) noexcept {
  const bool relative = encoding == (kPointerPcRelative | kPointerSigned4);
  if (!relative && encoding != kPointerSigned4)
    return read_any_pointer(reader, encoding, section_address);
  const std::uint64_t base = relative ? section_address + reader.position() : 0;
  const std::uint64_t value =
      base + static_cast<std::uint64_t>(std::int64_t{reader.read<std::int32_t>()});
  return reader.failed() ? std::nullopt : std::optional(value);
}

}  // namespace sonde::unwind
