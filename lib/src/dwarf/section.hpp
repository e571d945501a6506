// The bytes of one section of debug information, compressed or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dwarf/inflated.hpp"
#include "elf/image.hpp"

namespace sonde::dwarf {

class Section {
 public:
  /// An empty one.
  Section() = default;
  /// The section `name` of `image`, which outlives this; empty if there is none, or none that can
  /// be read: a compression other than zlib's.
  Section(const elf::Image& image, std::string_view name);

  std::uint64_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Number of bytes read: fewer than asked for at the end or after an error.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  /// The bytes up to the next 0, at most kLongestString of them.
  std::string string_at(std::uint64_t offset) const;

  static constexpr std::size_t kLongestString = std::size_t{16} * 1024;

 private:
  void open_plain(const elf::Image& image, std::uint64_t offset, std::uint64_t size);
  void open_packed(const elf::Image& image, std::uint64_t offset, std::uint64_t packed,
                   std::uint64_t size);

  const ByteSource* source_ = nullptr;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
  std::unique_ptr<Inflated> inflated_;
};

}  // namespace sonde::dwarf
