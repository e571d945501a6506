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
constexpr std::uint64_t kCheckNs = 250 * kMs;
constexpr std::uint64_t kWindowNs = 100 * kMs;
// Of windows further apart than this nobody would wait for the second.
constexpr std::uint64_t kLongestPauseNs = 60'000 * kMs;
constexpr auto kLook = std::chrono::milliseconds(100);
constexpr std::uint64_t kLargestDistance = 64u << 20;
// The trap of another process, in another place, costs what ours does within about this.
constexpr double kTrapError = 0.25;

}  // namespace

std::uint64_t AllocGovernor::cpu_ns() const noexcept {
  std::uint64_t sum = 0;
  for (const std::int32_t pid : parts_.probes->processes())
    sum += process::cpu_time_ns(pid).value_or(0);
  return sum;
}

AllocLoad AllocGovernor::load_since(const Mark& mark) const noexcept {
  const sonde_alloc_counters now = parts_.object->counters();
  const sonde_alloc_counters& before = mark.counters;
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
  const std::uint64_t cpu = cpu_ns();
  load.cpu_ns = cpu > mark.cpu_ns ? static_cast<double>(cpu - mark.cpu_ns) : 0;
  return load;
}

AllocGovernor::Mark AllocGovernor::mark_now() const noexcept {
  return {parts_.object->counters(), cpu_ns(), core::monotonic_ns()};
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
  const double pause = budget_.pause_ns(load, 1) * kWindowNs / (100.0 * kMs);
  if (!live_ && pause < static_cast<double>(kLongestPauseNs)) return {};
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
  covered_ = mark_;
  stretch_ = mark_;
  if (estimated_ && budget_.exceeds(*estimated_)) {
    state_ = State::window;
    parts_.probes->narrow();
    parts_.object->set_window(true);
    arm(kWindowNs);
    return {};
  }
  state_ = State::always;
  parts_.object->set_window(true);
  arm(kCheckNs);
  return {};
}

// `seen`: while the window was open. Since the last one the target has run, and paid for the
// breakpoints while they came and went, too.
double AllocGovernor::window_factor(const AllocLoad& seen) noexcept {
  const double native = budget_.native_ns(seen);
  const AllocLoad all = load_since(covered_);
  covered_ = mark_now();
  const double stood_for = std::max(budget_.native_ns(all), native);
  seen_native_ns_ += native;
  stood_for_ns_ += stood_for;
  if (native <= 0) return 1;
  // How much an error of the trap's cost changes the factor.
  uncertain_ns_ += stood_for * kTrapError * budget_.cost_ns(seen) / native;
  return stood_for / native;
}

Result<void> AllocGovernor::check() {
  const AllocLoad load = load_since(mark_);
  seen_native_ns_ += budget_.native_ns(load);
  stood_for_ns_ += budget_.native_ns(load);
  mark_ = mark_now();
  arm(kCheckNs);
  if (!budget_.exceeds(load)) {
    checks_above_ = 0;
    return {};
  }
  last_percent_ = budget_.percent(load);
  const std::uint64_t distance = parts_.object->distance();
  if (budget_.is_by_samples(load) && distance < kLargestDistance) {
    parts_.object->set_distance(std::max<std::uint64_t>(distance * 4, 4096));
    return {};
  }
  if (++checks_above_ < (live_ ? 4 : 1)) return {};
  if (live_) {
    gave_up_ = true;
    end();
    parts_.probes->detach();
    return {};
  }
  // What was read until now stands for itself.
  if (auto read = parts_.sites->read(1); !read) return read;
  state_ = State::window;
  parts_.probes->narrow();
  mark_ = mark_now();
  covered_ = mark_;
  stretch_ = mark_;
  arm(kWindowNs);
  return {};
}

Result<void> AllocGovernor::close_window() {
  parts_.object->set_window(false);
  const AllocLoad seen = load_since(mark_);
  parts_.probes->detach();
  if (auto read = parts_.sites->read(window_factor(seen)); !read) return read;
  ++windows_;
  // What breakpoints cost while they come and go is part of it.
  const AllocLoad stretch = load_since(stretch_);
  last_percent_ = budget_.percent(stretch);
  const double wall = static_cast<double>(core::monotonic_ns() - stretch_.time_ns);
  const double busy = std::max(stretch.cpu_ns / std::max(wall, 1.0), 0.01);
  const double pause = budget_.pause_ns(stretch, busy);
  // Not in step with what the target does in rounds.
  std::uniform_real_distribution<double> jitter(0.75, 1.25);
  state_ = State::pause;
  arm(static_cast<std::uint64_t>(
      std::clamp(pause * jitter(random_), 1.0, static_cast<double>(kLongestPauseNs))));
  return {};
}

Result<void> AllocGovernor::open_window() {
  stretch_ = mark_now();
  if (auto attached = parts_.probes->attach(parts_.object->programs()); !attached) return attached;
  state_ = State::window;
  mark_ = mark_now();
  parts_.object->set_window(true);
  arm(kWindowNs);
  return {};
}

Result<void> AllocGovernor::drain() noexcept {
  std::uint64_t expirations = 0;
  if (::read(timer_.get(), &expirations, sizeof(expirations)) != sizeof(expirations)) return {};
  switch (state_) {
    case State::always:
      return check();
    case State::window:
      return close_window();
    case State::pause:
      return open_window();
    default:
      return {};
  }
}

Result<void> AllocGovernor::read_sites() {
  return state_ == State::always || (state_ == State::ended && windows_ == 0)
             ? parts_.sites->read(1)
             : Result<void>();
}

void AllocGovernor::end() {
  if (state_ == State::idle || state_ == State::ended) return;
  const State ended = std::exchange(state_, State::ended);
  parts_.object->set_window(false);
  if (ended == State::always) return;
  if (ended == State::window) {
    const AllocLoad load = load_since(mark_);
    ++windows_;
    // An error shows at the last drain.
    static_cast<void>(parts_.sites->read(window_factor(load)));
    return;
  }
  const double rest = budget_.native_ns(load_since(covered_));
  if (stood_for_ns_ <= 0) return;
  parts_.sites->scale((stood_for_ns_ + rest) / stood_for_ns_);
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
  if (windows_ != 0) {
    notices.push_back(fmt::format(
        "breakpoints were set for {} windows, {:.2g} % of the target's CPU time, to stay below "
        "--max-overhead {:g} (without windows {:.0f} %): totals are estimates, within about {:.0f} "
        "% of what they would be if the target goes on as in the windows",
        windows_, stood_for_ns_ > 0 ? 100 * seen_native_ns_ / stood_for_ns_ : 0,
        budget_.limit_percent(), last_percent_,
        stood_for_ns_ > 0 ? 100 * uncertain_ns_ / stood_for_ns_ : 0));
  }
  if (gave_up_) {
    notices.push_back(fmt::format(
        "recording stopped: following every free cost {:.0f} % of the target's CPU time, more than "
        "--max-overhead {:g}",
        last_percent_, budget_.limit_percent()));
  }
}

}  // namespace sonde::tracers
