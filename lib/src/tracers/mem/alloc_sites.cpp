#include "tracers/mem/alloc_sites.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "aggregate/truncation.hpp"
#include "core/clock.hpp"
#include "ingest/map_reader.hpp"
#include "shared/byte_sampling.h"

namespace sonde::tracers {
namespace {

constexpr std::uint64_t kAgeStepNs = 100'000'000;

double bytes_of(std::uint64_t estimate) {
  return std::ldexp(static_cast<double>(estimate), -SONDE_SAMPLING_BYTE_BITS);
}

double count_of(std::uint64_t estimate) {
  return std::ldexp(static_cast<double>(estimate), -SONDE_SAMPLING_COUNT_BITS);
}

std::uint64_t rounded(double value) {
  return static_cast<std::uint64_t>(std::llround(std::max(value, 0.0)));
}

// A free may be counted on another CPU before the allocation's own count is read.
std::uint64_t difference(std::uint64_t all, std::uint64_t freed) {
  return all > freed ? all - freed : 0;
}

}  // namespace

double AllocSites::Site::live_count() const noexcept {
  return count_of(difference(read.estimated_count, read.freed_estimated_count));
}

double AllocSites::Site::live_bytes() const noexcept {
  return bytes_of(difference(read.estimated_bytes, read.freed_estimated_bytes));
}

void AllocSites::open(int sites_fd, int lives_fd) noexcept {
  sites_fd_ = sites_fd;
  lives_fd_ = lives_fd;
}

Result<void> AllocSites::read(double factor) {
  constexpr double kVarianceUnit = 256;
  return ingest::read_map<std::uint64_t, sonde_alloc_site>(
      sites_fd_, kMostSites, [&](std::uint64_t key, const sonde_alloc_site& now) {
        Site& site = sites_[key];
        site.count += factor * count_of(now.estimated_count - site.read.estimated_count);
        site.bytes += factor * bytes_of(now.estimated_bytes - site.read.estimated_bytes);
        site.variance += factor * factor * kVarianceUnit *
                         static_cast<double>(now.variance - site.read.variance);
        site.read = now;
      });
}

void AllocSites::add_counted(double factor, const AllocCounted& counted) noexcept {
  counted_.count += factor * counted.count;
  counted_.bytes += factor * counted.bytes;
}

// What the estimates of each site are to be multiplied with.
AllocCounted AllocSites::calibration() const noexcept {
  AllocCounted sum;
  for (const auto& [key, site] : sites_) {
    sum.count += site.count;
    sum.bytes += site.bytes;
  }
  if (!calibrated_ || sum.count <= 0 || sum.bytes <= 0) return {1, 1};
  return {counted_.count / sum.count, counted_.bytes / sum.bytes};
}

void AllocSites::scale(double factor) noexcept {
  counted_.count *= factor;
  counted_.bytes *= factor;
  for (auto& [key, site] : sites_) {
    site.count *= factor;
    site.bytes *= factor;
    site.variance *= factor * factor;
  }
}

void AllocSites::look() {
  for (auto& [key, site] : sites_)
    site.series.add(site.live_bytes());
}

Result<void> AllocSites::set_aside(std::span<const std::int32_t> ended,
                                   std::chrono::nanoseconds older_than) {
  if (ended.empty()) return {};
  std::vector<sonde_alloc_key> keys;
  auto read = ingest::read_map<sonde_alloc_key, sonde_alloc_live>(
      lives_fd_, kMostLives, [&](const sonde_alloc_key& key, const sonde_alloc_live& live) {
        if (std::ranges::find(ended, static_cast<std::int32_t>(key.tgid)) == ended.end()) return;
        keys.push_back(key);
        if (older_than.count() == 0) return;
        Site::Ended& sum = sites_[live.site].ended[live.time_ns / kAgeStepNs];
        sum.count += count_of(live.estimated_count);
        sum.bytes += bytes_of(live.estimated_bytes);
      });
  for (const sonde_alloc_key& key : keys)
    ::bpf_map_delete_elem(lives_fd_, &key);
  return read;
}

Result<void> AllocSites::read_ages(std::chrono::nanoseconds older_than) {
  by_age_ = older_than.count() > 0;
  if (!by_age_) return {};
  for (auto& [key, site] : sites_) {
    site.old_count = 0;
    site.old_bytes = 0;
  }
  const auto age = static_cast<std::uint64_t>(older_than.count());
  const std::uint64_t now = core::monotonic_ns();
  const std::uint64_t before = now > age ? now - age : 0;
  for (auto& [key, site] : sites_) {
    for (const auto& [step, sum] : site.ended) {
      if (step * kAgeStepNs > before) break;
      site.old_count += sum.count;
      site.old_bytes += sum.bytes;
    }
  }
  return ingest::read_map<sonde_alloc_key, sonde_alloc_live>(
      lives_fd_, kMostLives, [&](const sonde_alloc_key&, const sonde_alloc_live& live) {
        const auto site = sites_.find(live.site);
        if (site == sites_.end() || live.time_ns > before) return;
        site->second.old_count += count_of(live.estimated_count);
        site->second.old_bytes += bytes_of(live.estimated_bytes);
      });
}

bool AllocSites::is_growing(const Site& site, std::uint64_t distance) const {
  // What lives is an estimate: each sample stands for about `distance` bytes.
  const double samples = static_cast<double>(difference(site.read.count, site.read.freed_count));
  const double noise = distance > 1 ? 2 * static_cast<double>(distance) * std::sqrt(samples) : 0;
  return lives_fd_ >= 0 && site.series.is_growing(std::min(noise, site.live_bytes() / 4));
}

std::vector<symbolize::RawStack> AllocSites::stacks(const aggregate::StackCounts& known,
                                                    std::uint64_t distance) const {
  std::vector<symbolize::RawStack> stacks;
  const AllocCounted calibration = this->calibration();
  for (const auto& [key, site] : sites_) {
    const symbolize::RawStack* const stack = known.find(key);
    if (stack == nullptr || site.read.count == 0) continue;
    stacks.push_back(*stack);
    const std::uint64_t bytes = rounded(site.bytes * calibration.bytes);
    const std::uint64_t count = rounded(site.count * calibration.count);
    if (lives_fd_ < 0) {
      stacks.back().values = {bytes, count};
      continue;
    }
    stacks.back().values = {rounded(by_age_ ? site.old_bytes : site.live_bytes()),
                            rounded(by_age_ ? site.old_count : site.live_count()), bytes, count};
    Value& growing = stacks.back().details.emplace_back();
    if (site.series.size() >= aggregate::GrowthSeries::kFewest)
      growing = is_growing(site, distance);
  }
  return stacks;
}

AllocTotals AllocSites::totals() const {
  AllocTotals totals;
  const AllocCounted calibration = this->calibration();
  double variance = 0;
  for (const auto& [key, site] : sites_) {
    totals.count += site.count * calibration.count;
    totals.bytes += site.bytes * calibration.bytes;
    totals.live_count += site.live_count();
    totals.live_bytes += site.live_bytes();
    variance += site.variance;
  }
  totals.error_bytes = calibrated_ ? 0 : std::sqrt(variance);
  return totals;
}

AllocSites::Known AllocSites::known(const aggregate::StackCounts& stacks) const {
  Known sum;
  for (const auto& [key, site] : sites_) {
    (stacks.find(key) != nullptr ? sum.known : sum.nameless) += site.read.count;
  }
  return sum;
}

void AllocSites::count_truncated(const aggregate::StackCounts& known,
                                 std::map<std::string, std::uint64_t>& truncated) const {
  for (const auto& [key, site] : sites_)
    aggregate::add_truncated(known.flags(key), site.read.count, truncated);
}

std::size_t AllocSites::growing(const aggregate::StackCounts& known, std::uint64_t distance) const {
  std::size_t count = 0;
  for (const auto& [key, site] : sites_) {
    if (known.find(key) != nullptr) count += is_growing(site, distance);
  }
  return count;
}

}  // namespace sonde::tracers
