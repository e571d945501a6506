#include "tracers/mem/alloc_windows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sonde::tracers {
namespace {

constexpr double kNinetyFive = 1.96;
// The last ones, for what each adds is compared with.
constexpr std::size_t kMostAlike = 1000;

struct Guess {
  double share;
  double deviation;
};
// Beside traps of 770 ns it was 26 ns in a program that computes, and 81 in one that misses the
// caches. To set more breakpoints does not tell which it is: a second trap in a call costs both
// programs the same.
constexpr Guess kMeasured = {0.055, 0.035};
// What a trap costs was found on sonde itself: in redis it is half as much again.
constexpr Guess kCalibrated = {0.3, 0.3};

// By how much the clock is wrong in a window, for each hit, as a share of a trap's cost.
constexpr double kNoise = 0.045;

// The window saw something of what the target did.
bool is_of_use(const AllocStretch& stretch) noexcept {
  return stretch.window_ns > 0 && (stretch.hits <= 0 || stretch.recorded > 0);
}

// CPU time of the program itself between two hits.
double between_ns(const AllocStretch& stretch, double share) noexcept {
  return stretch.rest_ns / stretch.hits - share * stretch.trap_ns;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

// What a window's time is wrong by makes its calls stand for too many where it is too short, more
// than for too few where it is too long: the inverse of a value with noise is too large on average.
// So windows that are near each other are taken to be alike as far as they do not differ by more
// than noise (Stein's estimator, with a noise that is known).
AllocWindows::Likeness AllocWindows::likeness(double share) const {
  constexpr double kSigma = 1.4826;  // of normally distributed values, in median deviations
  constexpr double kFar = 4;
  std::vector<double> all;
  double traps = 0;
  const std::size_t first = stretches_.size() > kMostAlike ? stretches_.size() - kMostAlike : 0;
  for (std::size_t i = first; i < stretches_.size(); ++i) {
    if (stretches_[i].hits <= 0 || !is_of_use(stretches_[i])) continue;
    all.push_back(between_ns(stretches_[i], share));
    traps += stretches_[i].trap_ns;
  }
  if (all.empty()) return {};
  const double middle = median(all);
  std::vector<double> deviations;
  for (const double between : all)
    deviations.push_back(std::abs(between - middle));
  const double noise = kNoise * traps / static_cast<double>(all.size());
  const double scatter = kSigma * median(std::move(deviations));
  const double far = kFar * std::max(scatter, noise);
  double sum = 0;
  double near = 0;
  for (const double between : all) {
    if (std::abs(between - middle) > far) continue;
    sum += between;
    near += 1;
  }
  return {sum / near, far, scatter > noise ? 1 - noise * noise / (scatter * scatter) : 0};
}

double AllocWindows::native_ns(const AllocStretch& stretch, double share,
                               const Likeness& likeness) noexcept {
  // Less than this cannot be told from an error.
  constexpr double kLeastShare = 0.005;
  double native = stretch.rest_ns;
  if (stretch.hits > 0) {
    const double off = between_ns(stretch, share) - likeness.between_ns;
    const double keep = std::abs(off) > likeness.far_ns ? 1 : likeness.keep;
    native = stretch.hits * (likeness.between_ns + keep * off);
  }
  return std::max(native, kLeastShare * stretch.window_ns);
}

double AllocWindows::factor(const AllocStretch& stretch, double share,
                            const Likeness& likeness) noexcept {
  const double native = native_ns(stretch, share, likeness);
  const double seen = stretch.hits > 0 ? native * stretch.recorded / stretch.hits : native;
  return (native + stretch.outside_ns) / seen;
}

double AllocWindows::add(const AllocStretch& stretch) {
  hits_ += stretch.hits;
  if (stretch.measured) measured_hits_ += stretch.hits;
  const bool disturbed = learn(stretch);
  stretches_.push_back(stretch);
  if (disturbed) stretches_.back().window_ns = 0;
  if (!is_of_use(stretches_.back())) return 0;
  const double stands_for = factor(stretch, aftermath_.share, likeness(aftermath_.share));
  told_calls_ += stretch.recorded * stands_for;
  return stands_for;
}

// True if the stretch's window was disturbed.
bool AllocWindows::learn(const AllocStretch& stretch) {
  // The inverse of fewer is too large by more than a hundredth.
  constexpr double kFewestSyscalls = 100;
  constexpr std::size_t kMostPaces = 1000;
  constexpr double kContradiction = 3;
  // Windows with few hits are not measured, and do not matter.
  const Guess prior = measured_hits_ > hits_ / 2 ? kMeasured : kCalibrated;
  aftermath_ = {prior.share, prior.deviation, false};
  const bool tells = stretch.hits > 0 && stretch.outside_syscalls >= kFewestSyscalls;
  if (tells) {
    const double native = stretch.syscalls * stretch.outside_ns / stretch.outside_syscalls;
    paces_.push_back({stretch.trap_ns * stretch.hits, native, stretch.rest_ns - native});
    if (paces_.size() > kMostPaces) paces_.pop_front();
  }
  const std::optional<Agreement> said = agreement();
  if (!said) return false;
  if (std::abs(said->share - prior.share) >
      kContradiction * std::hypot(prior.deviation, said->error))
    return false;
  const double of_prior = 1 / (prior.deviation * prior.deviation);
  const double of_pace = 1 / std::max(said->error * said->error, 1e-12);
  aftermath_ = {(of_prior * prior.share + of_pace * said->share) / (of_prior + of_pace),
                1 / std::sqrt(of_prior + of_pace), true};
  return tells && said->last_disturbed;
}

std::optional<AllocWindows::Agreement> AllocWindows::agreement() const {
  constexpr std::size_t kFewest = 3;
  // Of the median deviation, and of a trap's cost, at least.
  constexpr double kFar = 6;
  constexpr double kLeastFar = 0.05;
  // A program that takes at once what is there makes fewer system calls for it where it is slower.
  constexpr double kPaceError = 0.03;
  if (paces_.size() < kFewest) return {};
  std::vector<double> shares;
  for (const Pace& pace : paces_)
    shares.push_back(pace.share());
  const double middle = median(shares);
  for (double& share : shares)
    share = std::abs(share - middle);
  const double far = std::max(kFar * median(shares), kLeastFar);
  const auto is_disturbed = [&](const Pace& pace) { return std::abs(pace.share() - middle) > far; };
  double n = 0;
  Pace sum;
  for (const Pace& pace : paces_) {
    if (is_disturbed(pace)) continue;
    n += 1;
    sum.traps_ns += pace.traps_ns;
    sum.native_ns += pace.native_ns;
    sum.more_ns += pace.more_ns;
  }
  if (n < kFewest) return {};
  double squares = 0;
  for (const Pace& pace : paces_) {
    const double off = pace.more_ns - sum.share() * pace.traps_ns;
    if (!is_disturbed(pace)) squares += off * off;
  }
  // The last factor is about what Student's distribution has beyond the normal one's.
  const double chance =
      std::sqrt(squares * n / (n - 1)) / sum.traps_ns * std::sqrt((n + 1) / (n - 2));
  return Agreement{sum.share(), std::hypot(chance, kPaceError * sum.native_ns / sum.traps_ns),
                   is_disturbed(paces_.back())};
}

double AllocWindows::calls(double share) const {
  const Likeness alike = likeness(share);
  double sum = 0;
  for (const AllocStretch& stretch : stretches_) {
    if (is_of_use(stretch)) sum += stretch.recorded * factor(stretch, share, alike);
  }
  return sum;
}

// By how far the stretches differ, and by what is not known of the time in their windows.
std::string AllocWindows::error() const {
  if (stretches_.size() < 2 || told_calls_ <= 0)
    return "totals are estimates whose error is not known, of one window at most";
  const Aftermath& after = aftermath_;
  const Likeness alike = likeness(after.share);
  const double all = calls(after.share);
  double native = 0;
  for (const AllocStretch& stretch : stretches_)
    native += native_ns(stretch, after.share, alike) + stretch.outside_ns;
  double squares = 0;
  for (const AllocStretch& stretch : stretches_) {
    const double its_native = native_ns(stretch, after.share, alike) + stretch.outside_ns;
    const double its_calls =
        is_of_use(stretch) ? stretch.recorded * factor(stretch, after.share, alike) : 0;
    const double off = its_calls - its_native * all / native;
    squares += off * off;
  }
  const auto n = static_cast<double>(stretches_.size());
  const double chance = kNinetyFive * std::sqrt(squares * n / (n - 1));
  const double least = calls(after.share - kNinetyFive * after.deviation) - chance;
  const double most = calls(after.share + kNinetyFive * after.deviation) + chance;
  const double less = std::clamp(100 * (1 - least / told_calls_), 0.0, 100.0);
  const double more = std::max(100 * (most / told_calls_ - 1), 0.0);
  constexpr double kMostPercent = 300;
  if (!(more < kMostPercent)) {
    return fmt::format(
        "totals are estimates, at most {:.2g} % too high, and too low by an unknown factor: the "
        "calls follow each other too fast for the clock",
        less);
  }
  return fmt::format(
      "totals are estimates: the true ones are between {:.2g} % less and {:.2g} % more (95 %), by "
      "{}",
      less, more,
      after.by_syscalls ? "the pace of the target's system calls"
                        : "what a breakpoint usually slows the code behind it");
}

}  // namespace sonde::tracers
