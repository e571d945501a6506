#include "core/bpf_stats.hpp"

#include <bpf/bpf.h>

namespace sonde::core {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kWindow = kSecond / 5;

bool in_window(std::uint64_t elapsed_ns) {
  return elapsed_ns < kSecond || elapsed_ns % kSecond < kWindow;
}

}  // namespace

void BpfStats::start(std::uint64_t now_ns) noexcept {
  started_ns_ = now_ns;
  enabled_ = UniqueFd(::bpf_enable_stats(BPF_STATS_RUN_TIME));
  available_ = static_cast<bool>(enabled_);
}

void BpfStats::tick(std::uint64_t now_ns) noexcept {
  if (!available_) return;
  const bool wanted = in_window(now_ns - started_ns_);
  if (wanted && !enabled_) {
    enabled_ = UniqueFd(::bpf_enable_stats(BPF_STATS_RUN_TIME));
  } else if (!wanted) {
    enabled_.reset();
  }
}

std::optional<std::uint64_t> BpfStats::estimate(const ProgramTime& measured,
                                                std::uint64_t total_runs) noexcept {
  if (measured.runs == 0) return {};
  const double per_run =
      static_cast<double>(measured.run_time_ns) / static_cast<double>(measured.runs);
  return static_cast<std::uint64_t>(per_run * static_cast<double>(total_runs));
}

}  // namespace sonde::core
