#include "unwind/extent_allocator.hpp"

#include <algorithm>
#include <iterator>

namespace sonde::unwind {
namespace {

constexpr std::uint32_t to_even(std::uint32_t words) {
  return words + (words & 1);
}

}  // namespace

ExtentAllocator::ExtentAllocator(std::uint32_t chunk_words, std::uint32_t limit)
    : chunk_words_(chunk_words) {
  limit &= ~1u;
  for (std::uint32_t first = 0; first < limit; first += chunk_words) {
    gaps_[first] = std::min(chunk_words, limit - first);
    free_words_ += gaps_[first];
  }
}

std::optional<Extent> ExtentAllocator::allocate(std::uint32_t words) {
  const std::uint32_t needed = to_even(words);
  if (needed == 0) return Extent{};
  const auto gap =
      std::find_if(gaps_.begin(), gaps_.end(), [&](const auto& g) { return g.second >= needed; });
  if (gap == gaps_.end()) return {};
  const Extent extent{gap->first, words};
  const std::uint32_t rest = gap->second - needed;
  gaps_.erase(gap);
  if (rest != 0) gaps_[extent.first + needed] = rest;
  free_words_ -= needed;
  return extent;
}

void ExtentAllocator::free(Extent extent) {
  std::uint32_t words = to_even(extent.words);
  if (words == 0) return;
  free_words_ += words;
  const auto next = gaps_.find(extent.first + words);
  if (next != gaps_.end() && !begins_chunk(next->first)) {
    words += next->second;
    gaps_.erase(next);
  }
  const auto after = gaps_.lower_bound(extent.first);
  if (after != gaps_.begin() && !begins_chunk(extent.first)) {
    const auto before = std::prev(after);
    if (before->first + before->second == extent.first) {
      before->second += words;
      return;
    }
  }
  gaps_[extent.first] = words;
}

}  // namespace sonde::unwind
