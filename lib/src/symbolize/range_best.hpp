// For each of n slots the best of the candidates that were offered to ranges of slots: a segment
// tree without propagation. An offer costs O(log n) however many slots it covers, so overlapping
// hostile ranges cannot multiply.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace sonde::symbolize {

template <class Candidate>
class RangeBest {
 public:
  explicit RangeBest(std::size_t slots) : slots_(slots), nodes_(2 * slots) {}

  /// To slots [first, last). `better(a, b)` says whether `a` is to replace `b`.
  template <class Better>
  void offer(std::size_t first, std::size_t last, const Candidate& candidate, Better better) {
    for (first += slots_, last += slots_; first < last; first /= 2, last /= 2) {
      if (first % 2 == 1) improve(nodes_[first++], candidate, better);
      if (last % 2 == 1) improve(nodes_[--last], candidate, better);
    }
  }

  template <class Better>
  std::optional<Candidate> best(std::size_t slot, Better better) const {
    std::optional<Candidate> best;
    for (std::size_t node = slot + slots_; node > 0; node /= 2) {
      if (nodes_[node]) improve(best, *nodes_[node], better);
    }
    return best;
  }

 private:
  template <class Better>
  static void improve(std::optional<Candidate>& node, const Candidate& candidate, Better better) {
    if (!node || better(candidate, *node)) node = candidate;
  }

  std::size_t slots_;
  std::vector<std::optional<Candidate>> nodes_;
};

}  // namespace sonde::symbolize
