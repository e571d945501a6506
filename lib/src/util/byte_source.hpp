// Bytes read at an offset, from a file or from memory. Files are read with pread, never mapped: a
// file that shrinks while it is read is then a short read, not SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "util/unique_fd.hpp"

namespace sonde {

class ByteSource {
 public:
  /// Borrows the descriptor.
  explicit ByteSource(int fd);
  explicit ByteSource(UniqueFd fd);
  explicit ByteSource(std::vector<std::byte> memory);

  std::uint64_t size() const noexcept { return size_; }

  /// Number of bytes read: fewer than asked for at the end or after an error.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;

  template <class T>
  bool read_object(std::uint64_t offset, T& object) const {
    static_assert(std::is_trivially_copyable_v<T>);
    return read(offset, std::as_writable_bytes(std::span(&object, 1))) == sizeof(T);
  }

  /// All of a range, or nothing if it is longer than `most` or not all there.
  std::vector<std::byte> read_range(std::uint64_t offset, std::uint64_t length,
                                    std::uint64_t most) const;

 private:
  UniqueFd owned_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::vector<std::byte> memory_;
};

}  // namespace sonde
