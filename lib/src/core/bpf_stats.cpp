#include "core/bpf_stats.hpp"

#include <bpf/bpf.h>

namespace sonde::core {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

bool in_window(std::uint64_t elapsed_ns, const StatsWindows& windows) {
  return elapsed_ns < windows.first_ns || elapsed_ns % kSecond < windows.each_second_ns;
}

}  // namespace

void BpfStats::start(std::uint64_t now_ns, StatsWindows windows) noexcept {
  windows_ = windows;
  started_ns_ = now_ns;
  enabled_ = UniqueFd(::bpf_enable_stats(BPF_STATS_RUN_TIME));
  available_ = static_cast<bool>(enabled_);
}

void BpfStats::tick(std::uint64_t now_ns) noexcept {
  if (!available_) return;
  const bool wanted = in_window(now_ns - started_ns_, windows_);
  if (wanted && !enabled_) {
    enabled_ = UniqueFd(::bpf_enable_stats(BPF_STATS_RUN_TIME));
  } else if (!wanted) {
    enabled_.reset();
  }
}

std::uint64_t BpfStats::next_tick_ns(std::uint64_t now_ns) const noexcept {
  if (!available_) return UINT64_MAX;
  const std::uint64_t elapsed = now_ns - started_ns_;
  if (elapsed < windows_.first_ns) return started_ns_ + windows_.first_ns;
  const std::uint64_t second = elapsed - elapsed % kSecond;
  const bool open = elapsed - second < windows_.each_second_ns;
  return started_ns_ + second + (open ? windows_.each_second_ns : kSecond);
}

std::optional<std::uint64_t> BpfStats::estimate(const ProgramTime& measured,
                                                std::uint64_t total_runs) noexcept {
  if (measured.runs == 0) return {};
  const double per_run =
      static_cast<double>(measured.run_time_ns) / static_cast<double>(measured.runs);
  return static_cast<std::uint64_t>(per_run * static_cast<double>(total_runs));
}

}  // namespace sonde::core
