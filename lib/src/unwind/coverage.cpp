#include "unwind/coverage.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <numeric>

namespace sonde::unwind {

namespace {

// By start; of several with the same start the first in the file comes last, and so to the top of
// the stack. Digit by digit: linkers leave them in the order of the objects, so that most are out
// of place, and comparing them all would take longer than reading them did.
void sort_by_start(std::vector<FdeRows>& fdes) {
  const auto before = [](const FdeRows& a, const FdeRows& b) {
    return a.start != b.start ? a.start < b.start : a.first > b.first;
  };
  if (std::is_sorted(fdes.begin(), fdes.end(), before)) return;
  std::reverse(fdes.begin(), fdes.end());
  const auto [low, high] =
      std::minmax_element(fdes.begin(), fdes.end(),
                          [](const FdeRows& a, const FdeRows& b) { return a.start < b.start; });
  const std::uint64_t lowest = low->start;
  const std::uint64_t range = high->start - lowest;
  constexpr unsigned kDigitBits = 11;
  std::vector<FdeRows> sorted(fdes.size());
  for (unsigned shift = 0; shift < 64 && range >> shift != 0; shift += kDigitBits) {
    const auto digit_of = [&](const FdeRows& fde) {
      return (fde.start - lowest) >> shift & ((1u << kDigitBits) - 1);
    };
    std::array<std::size_t, std::size_t{1} << kDigitBits> places{};
    for (const FdeRows& fde : fdes)
      ++places[digit_of(fde)];
    std::exclusive_scan(places.begin(), places.end(), places.begin(), std::size_t{0});
    for (const FdeRows& fde : fdes)
      sorted[places[digit_of(fde)]++] = fde;
    fdes.swap(sorted);
  }
}

}  // namespace

std::vector<Piece> resolve(std::vector<FdeRows>& fdes) {
  sort_by_start(fdes);
  std::vector<Piece> pieces;
  pieces.reserve(fdes.size());
  std::vector<FdeRows> open;
  std::uint64_t at = 0;
  const auto emit_until = [&](std::uint64_t limit) {
    while (!open.empty() && at < limit) {
      if (open.back().end <= at) {
        open.pop_back();
        continue;
      }
      const std::uint64_t end = std::min(open.back().end, limit);
      pieces.push_back({at, end, open.back()});
      at = end;
    }
  };
  for (const FdeRows& fde : fdes) {
    emit_until(fde.start);
    at = fde.start;
    open.push_back(fde);
  }
  emit_until(UINT64_MAX);
  return pieces;
}

void fill_gaps(std::vector<Piece>& pieces, std::span<const Piece> others) {
  std::vector<Piece> added;
  auto next = pieces.begin();
  for (const Piece& other : others) {
    std::uint64_t at = other.start;
    while (next != pieces.end() && next->end <= at)
      ++next;
    for (auto taken = next; at < other.end; ++taken) {
      const bool last = taken == pieces.end() || taken->start >= other.end;
      const std::uint64_t end = last ? other.end : taken->start;
      if (end > at) added.push_back({at, end, other.fde});
      if (last) break;
      at = taken->end;
      next = taken;
    }
  }
  if (added.empty()) return;
  std::vector<Piece> all;
  all.reserve(pieces.size() + added.size());
  std::merge(pieces.begin(), pieces.end(), added.begin(), added.end(), std::back_inserter(all),
             [](const Piece& a, const Piece& b) { return a.start < b.start; });
  pieces = std::move(all);
}

}  // namespace sonde::unwind
