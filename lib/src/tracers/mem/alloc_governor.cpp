#include "tracers/mem/alloc_governor.hpp"

#include <fmt/format.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "core/clock.hpp"
#include "process/cpu_clock.hpp"
#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kCheckNs = 100 * kMs;
// Where the estimate says that there is too much.
constexpr std::uint64_t kEarlyCheckNs = 20 * kMs;
constexpr std::uint64_t kPeriodNs = 250 * kMs;
// To set breakpoints and to take them away takes a few milliseconds, in which they are hit, too.
constexpr std::uint64_t kShortestWindowNs = 16 * kMs;
// Of windows further apart than this nobody would wait for the second.
constexpr std::uint64_t kLongestPeriodNs = 60'000 * kMs;
constexpr auto kLook = std::chrono::milliseconds(100);
constexpr std::uint64_t kLargestDistance = 64u << 20;
// Beyond the limit, before following frees is given up.
constexpr double kMostExcessNs = 75e6;
// What breakpoints leave of the time, at least: less cannot be told from an error.
constexpr double kLeastNative = 0.02;

}  // namespace

std::uint64_t AllocGovernor::cpu_ns() const noexcept {
  if (clock_.exact()) return clock_.elapsed_ns();
  std::uint64_t sum = 0;
  for (const std::int32_t pid : parts_.probes->processes())
    sum += process::cpu_time_ns(pid).value_or(0);
  return sum;
}

AllocLoad AllocGovernor::load_between(const Mark& from, const Mark& to) noexcept {
  const sonde_alloc_counters& now = to.counters;
  const sonde_alloc_counters& before = from.counters;
  AllocLoad load;
  // Where whole files are probed, others hit the breakpoints, too.
  const std::uint64_t seen = now.seen - before.seen;
  const std::uint64_t others =
      now.filtered_target + now.filtered_self - before.filtered_target - before.filtered_self;
  load.hits = static_cast<double>(seen - others);
  if (seen != 0) {
    load.stepped =
        static_cast<double>(now.stepped - before.stepped) * load.hits / static_cast<double>(seen);
  }
  load.returns = static_cast<double>(now.returns - before.returns);
  load.sampled = static_cast<double>(now.begun - before.begun);
  load.idle = static_cast<double>(now.filtered_window - before.filtered_window);
  load.cpu_ns = to.cpu_ns > from.cpu_ns ? static_cast<double>(to.cpu_ns - from.cpu_ns) : 0;
  return load;
}

AllocMeasured AllocGovernor::measured_between(const Mark& from, const Mark& to) noexcept {
  const sonde_alloc_cost& now = to.costs;
  const sonde_alloc_cost& before = from.costs;
  // There are few interrupts in a window: their share is that of all windows until now.
  const double interrupts =
      now.gap_ns > 0 ? 1 + static_cast<double>(now.interrupted_ns) / static_cast<double>(now.gap_ns)
                     : 1;
  return {static_cast<double>(now.seconds - before.seconds),
          static_cast<double>(now.program_ns - before.program_ns),
          static_cast<double>(now.gap_ns - before.gap_ns),
          static_cast<double>(now.gaps - before.gaps), interrupts};
}

// Of one moment: where sonde had to wait for a CPU between counters and clock, the targets ran on.
AllocGovernor::Mark AllocGovernor::mark_now() const noexcept {
  constexpr int kMostTries = 8;
  constexpr std::uint64_t kLongestNs = 100'000;
  Mark mark;
  for (int tries = 0; tries < kMostTries; ++tries) {
    mark.time_ns = core::monotonic_ns();
    mark.counters = parts_.object->counters();
    mark.costs = parts_.object->costs();
    mark.cpu_ns = cpu_ns();
    if (core::monotonic_ns() - mark.time_ns < kLongestNs) break;
  }
  return mark;
}

void AllocGovernor::arm(std::uint64_t ns) noexcept {
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  when.it_value.tv_nsec = static_cast<long>(std::max<std::uint64_t>(ns % 1'000'000'000, 1));
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

Result<void> AllocGovernor::estimate(bool session, bool look_first) {
  timer_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer_) return fail_errno(ErrorCode::EventProcessingFailed, "create a timer");
  first_distance_ = parts_.object->distance();
  if (!look_first || !budget_.limited() || parts_.probes->processes().empty()) return {};
  const std::uint64_t cpu_before = cpu_ns();
  auto attached = parts_.probes->attach(parts_.object->look_programs());
  if (attached) std::this_thread::sleep_for(kLook);
  parts_.probes->detach();
  if (!attached) return attached;
  const sonde_alloc_look look = parts_.object->look();
  AllocLoad seen;
  seen.hits = static_cast<double>(look.hits);
  seen.stepped = static_cast<double>(look.stepped);
  const std::uint64_t cpu = cpu_ns();
  seen.cpu_ns = cpu > cpu_before ? static_cast<double>(cpu - cpu_before) : 0;
  const double native = budget_.native_ns(seen);

  AllocLoad load = seen;
  const auto calls = static_cast<double>(look.calls);
  const double samples =
      first_distance_ <= 1
          ? calls
          : std::min(calls, static_cast<double>(look.bytes) / static_cast<double>(first_distance_));
  load.sampled = samples;
  load.returns = session ? samples : calls;
  load.cpu_ns = native + budget_.cost_ns(load);
  estimated_ = load;
  if (!budget_.exceeds(load)) return {};
  const double percent = budget_.percent(load);
  if (!live_ && budget_.duty(load) * kLongestPeriodNs > kShortestWindowNs) return {};
  return fail(ErrorCode::ConfigError,
              fmt::format("tracing would cost the target about {:.0f} % of its CPU time, more than "
                          "--max-overhead {:g}",
                          percent, budget_.limit_percent()),
              live_ ? "Every free has to be seen to tell what lives. Leave out --live, or raise "
                      "--max-overhead"
                    : "Raise --max-overhead, or 'none'");
}

Result<void> AllocGovernor::begin() {
  mark_ = mark_now();
  state_ = State::always;
  parts_.object->open_window(false);
  arm(estimated_ && budget_.exceeds(*estimated_) ? kEarlyCheckNs : kCheckNs);
  return {};
}

Result<void> AllocGovernor::check() {
  const Mark now = mark_now();
  const AllocLoad load = load_between(mark_, now);
  seen_native_ns_ += budget_.native_ns(load);
  stood_for_ns_ += budget_.native_ns(load);
  mark_ = now;
  arm(kCheckNs);
  excess_ns_ = std::max(excess_ns_ + budget_.excess_ns(load), 0.0);
  if (!budget_.exceeds(load)) return {};
  always_percent_ = budget_.percent(load);
  const std::uint64_t distance = parts_.object->distance();
  if (budget_.is_by_samples(load) && distance < kLargestDistance) {
    parts_.object->set_distance(std::max<std::uint64_t>(distance * 4, 4096));
    return {};
  }
  if (live_) {
    if (excess_ns_ < kMostExcessNs) return {};
    gave_up_ = true;
    end();
    parts_.probes->detach();
    return {};
  }
  return begin_windows(load);
}

// What was read until now stands for itself, and for the time that it takes to get here.
Result<void> AllocGovernor::begin_windows(const AllocLoad& load) {
  parts_.object->close_window();
  parts_.probes->detach();
  parts_.probes->narrow();
  if (auto read = parts_.sites->read(1); !read) return read;
  choose_distance(load);
  set_duty(budget_.duty(load));
  const AllocLoad since = load_between(mark_, mark_now());
  const double cost = budget_.idle_cost_ns(since.hits, budget_.one_trap_ns(AllocMeasured{}));
  stand_for(std::max(since.cpu_ns - cost, 0.0));
  begin_stratum();
  return {};
}

// Windows see few calls: enough of these are to be sampled, and so few that what comes after a
// sample, when the caches hold sonde's data, does not count beside what is between two calls.
void AllocGovernor::choose_distance(const AllocLoad& load) noexcept {
  constexpr double kAfterSampleNs = 1400;
  constexpr double kMostShare = 0.02;
  constexpr std::uint64_t kLeastDistance = 512;
  const sonde_alloc_counters seen = parts_.object->counters();
  if (seen.calls == 0 || load.hits <= 0) return;
  const double between = budget_.native_ns(load) / load.hits;
  const double calls = std::clamp(kAfterSampleNs / kMostShare / between, 16.0, 512.0);
  const double mean = static_cast<double>(seen.bytes) / static_cast<double>(seen.calls);
  parts_.object->set_distance(
      std::clamp(static_cast<std::uint64_t>(calls * mean), kLeastDistance, kLargestDistance));
}

void AllocGovernor::set_duty(double duty) noexcept {
  constexpr double kMostDuty = 0.9;
  duty = std::min(duty, kMostDuty);
  const double period =
      std::clamp(kShortestWindowNs / duty, double{kPeriodNs}, double{kLongestPeriodNs});
  period_ns_ = static_cast<std::uint64_t>(period);
  window_ns_ = std::max(static_cast<std::uint64_t>(duty * period), kShortestWindowNs);
}

// One window somewhere in each stretch, wherever it may fall: what the target does in turns, in
// step with the windows or not, is met as often as it happens.
void AllocGovernor::begin_stratum() noexcept {
  const std::set<std::int32_t>& pids = parts_.probes->processes();
  clock_ = process::TaskClock(std::vector<std::int32_t>(pids.begin(), pids.end()), children_);
  stratum_ = mark_now();
  window_.reset();
  std::uniform_int_distribution<std::uint64_t> start(0, period_ns_ - window_ns_);
  state_ = State::pause;
  arm(start(random_));
}

Result<void> AllocGovernor::open_window() {
  const AllocPrograms programs =
      measures_ ? parts_.object->measuring_programs() : parts_.object->programs();
  if (auto attached = parts_.probes->attach(programs); !attached) return attached;
  state_ = State::window;
  mark_ = mark_now();
  parts_.object->open_window(measures_);
  arm(window_ns_);
  return {};
}

void AllocGovernor::close_window() noexcept {
  parts_.object->close_window();
  const Mark now = mark_now();
  const AllocLoad load = load_between(mark_, now);
  const AllocMeasured measured = measured_between(mark_, now);
  parts_.probes->detach();
  Window window;
  window.hits = load.hits;
  window.seconds = measured.seconds;
  window.cost_ns = budget_.cost_ns(load, measured) + budget_.aftermath_ns(load, measured);
  window.recorded = load.hits - load.idle;
  window.time = budget_.recorded(load, measured);
  window.trap_ns = budget_.one_trap_ns(measured);
  // The functions that are called have no room for a second breakpoint.
  if (load.hits > 0 && measured.seconds <= 0) measures_ = false;
  window_ = window;
  state_ = State::rest;
  const std::uint64_t end = stratum_.time_ns + period_ns_;
  const std::uint64_t detached = core::monotonic_ns();
  arm(end > detached ? end - detached : 0);
}

// Since the stretch began, without what breakpoints took, those too that were hit while they came
// and went.
double AllocGovernor::stratum_native_ns() noexcept {
  const Mark now = mark_now();
  const AllocLoad all = load_between(stratum_, now);
  const double seconds = measured_between(stratum_, now).seconds;
  const Window window = window_.value_or(Window{});
  const double trap = window_ ? window.trap_ns : budget_.one_trap_ns(AllocMeasured{});
  const double cost = window.cost_ns +
                      budget_.idle_cost_ns(all.hits - window.hits + seconds - window.seconds, trap);
  last_cost_ns_ = cost;
  return std::max(all.cpu_ns - cost, kLeastNative * all.cpu_ns);
}

Result<void> AllocGovernor::end_stratum() {
  const double seen = window_->time.native_ns;
  const double native = std::max(stratum_native_ns(), seen);
  // A hit in a window costs more than the calibrated one where no second breakpoint measures it: in
  // redis 1.35 us, counted as 0.88.
  constexpr double kUnmeasured = 1.6;
  const double charged = last_cost_ns_ * (measures_ ? 1 : kUnmeasured);
  last_percent_ = native > 0 ? 100 * charged / native : 0;
  if (seen <= 0) {
    stand_for(native);
    return {};
  }
  const double factor = native / seen;
  if (auto read = parts_.sites->read(factor); !read) return read;
  seen_native_ns_ += seen;
  stood_for_ns_ += native;
  const double calls = window_->recorded * native;
  strata_.push_back(
      {calls / seen, calls / window_->time.most_ns, calls / window_->time.least_ns, native});
  return {};
}

// No window saw anything of so much of the targets' time: the others stand for it.
void AllocGovernor::stand_for(double native_ns) noexcept {
  if (stood_for_ns_ <= 0) return;
  parts_.sites->scale((stood_for_ns_ + native_ns) / stood_for_ns_);
  stood_for_ns_ += native_ns;
}

// By how far the stretches differ, and by what is not known of the time in their windows.
std::string AllocGovernor::windows_error() const {
  constexpr double kNinetyFive = 1.96;
  Stratum sum;
  for (const Stratum& stratum : strata_) {
    sum.calls += stratum.calls;
    sum.least_calls += stratum.least_calls;
    sum.most_calls += stratum.most_calls;
    sum.native_ns += stratum.native_ns;
  }
  if (strata_.size() < 2 || sum.calls <= 0)
    return "totals are estimates whose error is not known, of one window at most";
  double squares = 0;
  for (const Stratum& stratum : strata_) {
    const double off = stratum.calls - stratum.native_ns * sum.calls / sum.native_ns;
    squares += off * off;
  }
  const auto count = static_cast<double>(strata_.size());
  const double chance = kNinetyFive * std::sqrt(squares * count / (count - 1));
  const double below = 100 * (sum.calls - sum.least_calls + chance) / sum.calls;
  const double above = 100 * (sum.most_calls - sum.calls + chance) / sum.calls;
  constexpr double kMostPercent = 300;
  if (!(above < kMostPercent)) {
    return fmt::format(
        "totals are estimates, at most {:.2g} % too high, and too low by an unknown factor: the "
        "calls follow each other too fast for the clock",
        std::min(below, 100.0));
  }
  return fmt::format(
      "totals are estimates: the true ones are between {:.2g} % less and {:.2g} % "
      "more (95 %)",
      std::min(below, 100.0), above);
}

// Its window is as long as the limit allows if all goes on as it did.
void AllocGovernor::next_stratum() noexcept {
  constexpr double kMostChange = 2;
  const double wanted = last_percent_ > 0 ? budget_.limit_percent() / last_percent_ : kMostChange;
  set_duty(std::clamp(wanted, 1 / kMostChange, kMostChange) * static_cast<double>(window_ns_) /
           static_cast<double>(period_ns_));
  begin_stratum();
}

Result<void> AllocGovernor::drain() noexcept {
  std::uint64_t expirations = 0;
  if (::read(timer_.get(), &expirations, sizeof(expirations)) != sizeof(expirations)) return {};
  switch (state_) {
    case State::always:
      return check();
    case State::pause:
      return open_window();
    case State::window:
      close_window();
      return {};
    case State::rest:
      if (auto ended = end_stratum(); !ended) return ended;
      next_stratum();
      return {};
    default:
      return {};
  }
}

Result<void> AllocGovernor::read_sites() {
  return state_ == State::always || (state_ == State::ended && period_ns_ == 0)
             ? parts_.sites->read(1)
             : Result<void>();
}

void AllocGovernor::end() {
  if (state_ == State::idle || state_ == State::ended) return;
  if (state_ == State::window) close_window();
  const State ended = std::exchange(state_, State::ended);
  parts_.object->close_window();
  if (ended == State::always) return;
  if (ended == State::rest) {
    // An error shows at the last drain.
    static_cast<void>(end_stratum());
    return;
  }
  stand_for(stratum_native_ns());
}

void AllocGovernor::add_notices(std::vector<std::string>& notices) const {
  if (estimated_ && estimated_->hits > 0) {
    notices.push_back(fmt::format(
        "estimated before it began: {:.3g} breakpoints a second, {:.1f} % of the target's CPU time",
        estimated_->hits * 1e3 / static_cast<double>(kLook.count()), budget_.percent(*estimated_)));
  }
  if (parts_.object->distance() != first_distance_) {
    notices.push_back(
        fmt::format("sampled once in {} bytes instead of {}, to stay below --max-overhead {:g}",
                    parts_.object->distance(), first_distance_, budget_.limit_percent()));
  }
  if (period_ns_ != 0) {
    notices.push_back(fmt::format(
        "breakpoints were set for {} windows, {:.2g} % of the target's CPU time, to stay below "
        "--max-overhead {:g} (in all of the time they would cost {:.0f} %): {}",
        strata_.size(), stood_for_ns_ > 0 ? 100 * seen_native_ns_ / stood_for_ns_ : 0,
        budget_.limit_percent(), always_percent_, windows_error()));
  }
  if (gave_up_) {
    notices.push_back(fmt::format(
        "recording stopped: following every free cost {:.0f} % of the target's CPU time, more than "
        "--max-overhead {:g}",
        always_percent_, budget_.limit_percent()));
  }
}

}  // namespace sonde::tracers
