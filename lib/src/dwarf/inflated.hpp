// A zlib stream read at any offset with bounded memory: sections of debug information expand to
// gigabytes. What a small one expands to is kept as far as it was read. On the way through a large
// one it keeps points to start again from, each with the 32 KiB that a deflate stream may refer
// back to.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "util/byte_source.hpp"

namespace sonde::dwarf {

class Inflated {
 public:
  /// `source` outlives this; its bytes [from, from + packed) expand to `size`.
  Inflated(const ByteSource& source, std::uint64_t from, std::uint64_t packed, std::uint64_t size);
  ~Inflated();
  Inflated(const Inflated&) = delete;
  Inflated& operator=(const Inflated&) = delete;

  std::uint64_t size() const noexcept { return size_; }

  /// Number of bytes read: fewer than asked for at the end, or where the stream is damaged. Cheap
  /// when offsets ascend.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into);

 private:
  struct Point {
    std::uint64_t out = 0;
    std::uint64_t in = 0;
    int bits = 0;  // of the byte before `in` that are still to be read
    std::vector<Bytef> window;
  };
  struct Block {
    std::uint64_t number = 0;
    std::vector<std::byte> bytes;
  };

  std::span<const std::byte> expand_to(std::uint64_t end);
  const Block* block(std::uint64_t number);
  bool start_before(std::uint64_t out);
  bool start_at(const Point& point);
  std::size_t produce(std::span<std::byte> into);
  bool refill();
  void keep_point();

  const ByteSource& source_;
  std::uint64_t from_;
  std::uint64_t packed_;
  std::uint64_t size_;
  std::uint64_t distance_;  // between points
  std::uint64_t budget_;    // bytes to expand altogether
  z_stream stream_ = {};
  bool running_ = false;
  std::vector<std::byte> input_;
  std::uint64_t in_ = 0;                // packed bytes that were given to the stream
  std::uint64_t out_ = 0;               // bytes that came out of it
  std::unique_ptr<std::byte[]> whole_;  // of a small stream
  std::vector<Point> points_;
  std::list<Block> blocks_;  // the last used first
};

}  // namespace sonde::dwarf
