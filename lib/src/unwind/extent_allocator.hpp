#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace sonde::unwind {

/// Some words in a row.
struct Extent {
  std::uint32_t first = 0;
  std::uint32_t words = 0;
};

/// Gives out extents of a linear space of 32-bit words, none of which crosses the border of a
/// chunk.
class ExtentAllocator {
 public:
  /// Extents end before `limit`; chunks are `chunk_words` long, a power of two.
  ExtentAllocator(std::uint32_t chunk_words, std::uint32_t limit);

  /// Begins at an even word. Nothing if no gap is long enough.
  std::optional<Extent> allocate(std::uint32_t words);
  void free(Extent extent);

  std::uint32_t free_words() const noexcept { return free_words_; }

 private:
  bool begins_chunk(std::uint32_t word) const noexcept { return word % chunk_words_ == 0; }

  std::uint32_t chunk_words_;
  std::map<std::uint32_t, std::uint32_t> gaps_;  // first word -> words; even numbers
  std::uint32_t free_words_ = 0;
};

}  // namespace sonde::unwind
