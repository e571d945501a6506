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
// What counting system calls costs each of them.
constexpr double kSyscallNs = 50;
// Of the limit: the load varies, and code runs slower after breakpoints by more than what is
// charged.
constexpr double kAim = 0.6;
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

double AllocGovernor::syscalls_between(const Mark& from, const Mark& to) noexcept {
  return static_cast<double>(to.costs.syscalls - from.costs.syscalls);
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
  if (auto read = this->read(1); !read) return read;
  choose_distance(load);
  set_duty(kAim * budget_.duty(load));
  const AllocLoad since = load_between(mark_, mark_now());
  const double cost = budget_.idle_cost_ns(since.hits, budget_.one_trap_ns(AllocMeasured{}));
  stand_for(std::max(since.cpu_ns - cost, 0.0));
  parts_.sites->calibrate();
  if (auto followed = parts_.object->follow_progress(); !followed) return followed;
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

double AllocGovernor::duty() const noexcept {
  return static_cast<double>(window_ns_) / static_cast<double>(period_ns_);
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
  // The functions that are called have no room for a second breakpoint.
  if (load.hits > 0 && measured.seconds <= 0) measures_ = false;
  Window window;
  window.seconds = measured.seconds;
  window.cost_ns = budget_.cost_ns(load, measured);
  AllocStretch& stretch = window.stretch;
  stretch.hits = load.hits;
  stretch.recorded = load.hits - load.idle;
  stretch.window_ns = load.cpu_ns;
  stretch.rest_ns = load.cpu_ns - window.cost_ns;
  stretch.trap_ns = budget_.one_trap_ns(measured);
  stretch.measured = budget_.is_measured(measured);
  stretch.syscalls = syscalls_between(mark_, now);
  window_ = window;
  state_ = State::rest;
  const std::uint64_t end = stratum_.time_ns + period_ns_;
  const std::uint64_t detached = core::monotonic_ns();
  arm(end > detached ? end - detached : 0);
}

// CPU time of the stratum outside of its window, without what breakpoints took that were hit while
// they came and went.
double AllocGovernor::outside_ns(const Mark& now) const noexcept {
  const AllocLoad all = load_between(stratum_, now);
  const double seconds = measured_between(stratum_, now).seconds;
  const Window window = window_.value_or(Window{});
  const double trap = window_ ? window.stretch.trap_ns : budget_.one_trap_ns(AllocMeasured{});
  const double cost =
      budget_.idle_cost_ns(all.hits - window.stretch.hits + seconds - window.seconds, trap);
  const double cpu = all.cpu_ns - window.stretch.window_ns;
  return std::max(cpu - cost, kLeastNative * cpu);
}

Result<void> AllocGovernor::end_stratum() {
  const Mark now = mark_now();
  AllocStretch& stretch = window_->stretch;
  stretch.outside_ns = outside_ns(now);
  stretch.outside_syscalls = syscalls_between(stratum_, now) - stretch.syscalls;
  const double factor = windows_.add(stretch);
  charge(now);
  if (factor <= 0) {
    stand_for(stretch.rest_ns + stretch.outside_ns);
    return {};
  }
  if (auto read = this->read(factor); !read) return read;
  const double native = std::max(stretch.rest_ns, 0.0) + stretch.outside_ns;
  seen_native_ns_ += native / factor;
  stood_for_ns_ += native;
  return {};
}

// Where little is known of what hits cost, rather too much than too little.
void AllocGovernor::charge(const Mark& now) noexcept {
  const AllocStretch& stretch = window_->stretch;
  const AllocWindows::Aftermath after = windows_.aftermath();
  const double unknown = (after.share + after.deviation) * stretch.trap_ns * stretch.hits;
  const auto all = static_cast<double>(now.cpu_ns - stratum_.cpu_ns);
  const double outside = all - stretch.window_ns - stretch.outside_ns;
  const double syscalls = kSyscallNs * (stretch.syscalls + stretch.outside_syscalls);
  const double cost =
      std::min(window_->cost_ns + unknown + outside + syscalls, (1 - kLeastNative) * all);
  recent_cost_ns_ = recent_cost_ns_ / 2 + cost / duty();
  recent_native_ns_ = recent_native_ns_ / 2 + all - cost;
}

Result<void> AllocGovernor::read(double factor) {
  if (auto read = parts_.sites->read(factor); !read) return read;
  const sonde_alloc_counters now = parts_.object->counters();
  const AllocCounted all = {static_cast<double>(now.calls), static_cast<double>(now.bytes)};
  parts_.sites->add_counted(factor, {all.count - counted_.count, all.bytes - counted_.bytes});
  counted_ = all;
  return {};
}

// No window saw anything of so much of the targets' time: the others stand for it.
void AllocGovernor::stand_for(double native_ns) noexcept {
  if (stood_for_ns_ <= 0) return;
  parts_.sites->scale((stood_for_ns_ + native_ns) / stood_for_ns_);
  stood_for_ns_ += native_ns;
}

// Its window is as long as the limit allows if all goes on as it did. A target that sleeps changes
// nothing.
void AllocGovernor::next_stratum() noexcept {
  constexpr double kMostGrowth = 2;
  const double allowed = kAim * budget_.limit_percent() / 100 * recent_native_ns_;
  set_duty(recent_cost_ns_ * kMostGrowth * duty() > allowed ? allowed / recent_cost_ns_
                                                            : kMostGrowth * duty());
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
  return state_ == State::always || (state_ == State::ended && period_ns_ == 0) ? read(1)
                                                                                : Result<void>();
}

void AllocGovernor::end() {
  if (state_ == State::idle || state_ == State::ended) return;
  if (state_ == State::window) close_window();
  const State ended = std::exchange(state_, State::ended);
  parts_.object->close_window();
  parts_.object->forget_progress();
  if (ended == State::always) return;
  if (ended == State::rest) {
    // An error shows at the last drain.
    static_cast<void>(end_stratum());
    return;
  }
  stand_for(outside_ns(mark_now()));
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
        windows_.count(), stood_for_ns_ > 0 ? 100 * seen_native_ns_ / stood_for_ns_ : 0,
        budget_.limit_percent(), always_percent_, windows_.error()));
  }
  if (gave_up_) {
    notices.push_back(fmt::format(
        "recording stopped: following every free cost {:.0f} % of the target's CPU time, more than "
        "--max-overhead {:g}",
        always_percent_, budget_.limit_percent()));
  }
}

}  // namespace sonde::tracers
