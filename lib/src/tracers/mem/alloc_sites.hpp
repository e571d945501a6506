// What the allocation lane counted, by stack: totals, what lives, and what keeps growing.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <sonde/error.hpp>
#include "aggregate/growth.hpp"
#include "aggregate/stack_counts.hpp"
#include "symbolize/symbolizer.hpp"

#include "shared/alloc_event.h"

namespace sonde::tracers {

/// Estimates of all sites together.
struct AllocTotals {
  double count = 0;
  double bytes = 0;
  double live_count = 0;
  double live_bytes = 0;
  /// Of `bytes`: one standard deviation that sampling causes.
  double error_bytes = 0;
};

/// Calls and the bytes they asked for, counted and not sampled.
struct AllocCounted {
  double count = 0;
  double bytes = 0;
};

/// Not thread-safe.
class AllocSites {
 public:
  /// Distinct stacks, and sampled allocations that live at one time, at most.
  static constexpr std::uint32_t kMostSites = 32768;
  static constexpr std::uint32_t kMostLives = 1 << 20;

  /// The maps stay the caller's. `lives_fd` is -1 where frees are not followed.
  void open(int sites_fd, int lives_fd) noexcept;

  /// Reads the totals. What was added since the last call stands for `factor` times as much.
  Result<void> read(double factor);
  /// What was counted while this was sampled, with the same factor.
  void add_counted(double factor, const AllocCounted& counted) noexcept;
  /// From now on sums are what was counted, and samples only tell whose it is: those that windows
  /// leave are few.
  void calibrate() noexcept { calibrated_ = true; }
  /// All that read() found so far stands for `factor` times as much.
  void scale(double factor) noexcept;
  /// Notes how much lives now, for is_growing(). In equal intervals.
  void look();
  /// Makes room in the map of what lives: takes out what processes had not freed when they ended.
  /// It stays in the totals, and with `older_than` its ages are kept here, to a tenth of a second.
  Result<void> set_aside(std::span<const std::int32_t> ended, std::chrono::nanoseconds older_than);
  /// With `older_than`, what lives is only what is that old. After read().
  Result<void> read_ages(std::chrono::nanoseconds older_than);

  /// One for each site whose stack is known, with values as MemLane tells, and whether it grows.
  /// `distance`: mean bytes between two samples.
  std::vector<symbolize::RawStack> stacks(const aggregate::StackCounts& known,
                                          std::uint64_t distance) const;
  AllocTotals totals() const;
  /// Sampled allocations whose stack is known, and those whose is not.
  struct Known {
    std::uint64_t known = 0;
    std::uint64_t nameless = 0;
  };
  Known known(const aggregate::StackCounts& stacks) const;
  /// Adds why stacks are incomplete, in sampled allocations.
  void count_truncated(const aggregate::StackCounts& known,
                       std::map<std::string, std::uint64_t>& truncated) const;
  std::size_t growing(const aggregate::StackCounts& known, std::uint64_t distance) const;

 private:
  struct Site {
    sonde_alloc_site read = {};
    double count = 0;
    double bytes = 0;
    double variance = 0;
    aggregate::GrowthSeries series;
    /// With an age only.
    double old_count = 0;
    double old_bytes = 0;
    /// What ended processes had not freed, by when it was allocated, in steps.
    struct Ended {
      double count = 0;
      double bytes = 0;
    };
    std::map<std::uint64_t, Ended> ended;
    double live_count() const noexcept;
    double live_bytes() const noexcept;
  };
  bool is_growing(const Site& site, std::uint64_t distance) const;
  AllocCounted calibration() const noexcept;

  int sites_fd_ = -1;
  int lives_fd_ = -1;
  bool by_age_ = false;
  bool calibrated_ = false;
  AllocCounted counted_;
  std::unordered_map<std::uint64_t, Site> sites_;
};

}  // namespace sonde::tracers
