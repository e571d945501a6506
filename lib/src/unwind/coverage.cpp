#include "unwind/coverage.hpp"

#include <algorithm>
#include <iterator>

namespace sonde::unwind {

std::vector<Piece> resolve(std::vector<FdeRows>& fdes) {
  // The FDE that wins comes last, and so to the top of the stack.
  const auto before = [](const FdeRows& a, const FdeRows& b) {
    return a.start != b.start ? a.start < b.start : a.first > b.first;
  };
  if (!std::is_sorted(fdes.begin(), fdes.end(), before)) {
    std::sort(fdes.begin(), fdes.end(), before);
  }
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
