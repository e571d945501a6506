// Tells what keeps growing from what has filled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sonde::aggregate {

/// A figure looked at in equal intervals. Keeps a bounded number of looks: when there are too many,
/// every other one is dropped and the interval doubles.
class GrowthSeries {
 public:
  static constexpr std::size_t kMost = 32;
  /// Fewer looks cannot tell a trend from chance.
  static constexpr std::size_t kFewest = 6;

  void add(double value);
  std::size_t size() const noexcept { return values_.size(); }

  /// Whether it rises over the whole time (Mann-Kendall test, 1 %) and still does in the last
  /// third, at a quarter of its mean rate or more and by more than `noise`. A cache that has filled
  /// does not, nor does what goes up and down.
  bool is_growing(double noise) const;

 private:
  std::vector<double> values_;
  std::size_t every_ = 1;    // looks for one kept
  std::size_t skipped_ = 0;  // since the last kept
};

}  // namespace sonde::aggregate
