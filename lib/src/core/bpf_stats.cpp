#include "core/bpf_stats.hpp"

#include <bpf/bpf.h>

namespace sonde::core {
namespace {

// Until the windows saw many more runs than these, they are taken for one a count.
constexpr double kPriorRuns = 1000;

bool in_window(std::uint64_t elapsed_ns, const StatsWindows& windows) {
  return elapsed_ns < windows.first_ns || elapsed_ns % windows.period_ns < windows.each_ns;
}

void add_growth(ProgramUse& sum, const ProgramUse& from, const ProgramUse& to) {
  sum.measured.run_time_ns += to.measured.run_time_ns - from.measured.run_time_ns;
  sum.measured.runs += to.measured.runs - from.measured.runs;
  sum.counted += to.counted - from.counted;
}

}  // namespace

void BpfStats::start(std::uint64_t now_ns, StatsWindows windows) {
  windows_ = windows;
  started_ns_ = now_ns;
  open();
  available_ = static_cast<bool>(enabled_);
}

void BpfStats::open() {
  enabled_ = UniqueFd(::bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (enabled_) opened_ = read_();
}

void BpfStats::close() {
  if (!enabled_) return;
  add_growth(in_windows_, opened_, read_());
  enabled_.reset();
}

void BpfStats::tick(std::uint64_t now_ns) {
  if (!available_) return;
  const bool wanted = in_window(now_ns - started_ns_, windows_);
  if (wanted && !enabled_) {
    open();
  } else if (!wanted) {
    close();
  }
}

void BpfStats::stop() {
  close();
}

std::uint64_t BpfStats::next_tick_ns(std::uint64_t now_ns) const noexcept {
  if (!available_) return UINT64_MAX;
  const std::uint64_t elapsed = now_ns - started_ns_;
  if (elapsed < windows_.first_ns) return started_ns_ + windows_.first_ns;
  const std::uint64_t period = elapsed - elapsed % windows_.period_ns;
  const bool open = elapsed - period < windows_.each_ns;
  return started_ns_ + period + (open ? windows_.each_ns : windows_.period_ns);
}

std::optional<std::uint64_t> BpfStats::estimate() const {
  if (!available_) return {};
  const ProgramUse now = read_();
  ProgramUse windows = in_windows_;
  if (enabled_) add_growth(windows, opened_, now);
  return scale(windows, now);
}

std::optional<std::uint64_t> BpfStats::scale(const ProgramUse& windows,
                                             const ProgramUse& now) noexcept {
  if (now.counted == 0 && now.measured.runs == 0) return 0;
  if (windows.counted == 0 || now.measured.runs == 0) return {};
  const double per_run =
      static_cast<double>(now.measured.run_time_ns) / static_cast<double>(now.measured.runs);
  const double runs_per_count = (static_cast<double>(windows.measured.runs) + kPriorRuns) /
                                (static_cast<double>(windows.counted) + kPriorRuns);
  return static_cast<std::uint64_t>(per_run * runs_per_count * static_cast<double>(now.counted));
}

}  // namespace sonde::core
