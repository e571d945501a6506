#include "aggregate/growth.hpp"

#include <cmath>

namespace sonde::aggregate {
namespace {

// The statistic of Mann and Kendall, in standard deviations of what chance gives.
double trend(const std::vector<double>& values) {
  double score = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i + 1; j < values.size(); ++j)
      score += static_cast<double>((values[j] > values[i]) - (values[j] < values[i]));
  }
  const auto n = static_cast<double>(values.size());
  return (score - 1) / std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
}

}  // namespace

void GrowthSeries::add(double value) {
  if (++skipped_ < every_) return;
  skipped_ = 0;
  values_.push_back(value);
  if (values_.size() < kMost) return;
  // The newest of each two stays.
  std::size_t kept = 0;
  for (std::size_t i = 1; i < values_.size(); i += 2)
    values_[kept++] = values_[i];
  values_.resize(kept);
  every_ *= 2;
}

bool GrowthSeries::is_growing(double noise) const {
  constexpr double kOnePercent = 2.326;  // one-sided quantile of the normal distribution
  constexpr double kLeastShare = 0.25;
  if (values_.size() < kFewest || trend(values_) < kOnePercent) return false;
  const std::size_t third = values_.size() - values_.size() / 3 - 1;
  const double whole = values_.back() - values_.front();
  const double last = values_.back() - values_[third];
  const double share =
      static_cast<double>(values_.size() - 1 - third) / static_cast<double>(values_.size() - 1);
  return last > noise && last >= kLeastShare * share * whole;
}

}  // namespace sonde::aggregate
