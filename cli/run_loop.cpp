#include "run_loop.hpp"

#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <utility>
#include <vector>

namespace sonde::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// How often a full profile is noticed and the progress line is renewed.
constexpr nanoseconds kTick = 250ms;
constexpr nanoseconds kLiveTick = 50ms;
constexpr nanoseconds kGrace = 1s;

}  // namespace

RunLoop::RunLoop(LoopTimes times, TraceSessions& sessions, Outputs& outputs, Signals& signals,
                 LaunchedCommand* command, ProcessWatch& targets, Progress& progress)
    : times_(times),
      sessions_(sessions),
      outputs_(outputs),
      signals_(signals),
      command_(command),
      targets_(targets),
      progress_(progress),
      started_(Clock::now()) {
}

Result<End> RunLoop::wait_for_end() {
  auto end = wait();
  progress_.erase();
  return end;
}

Result<End> RunLoop::wait() {
  std::optional<Clock::time_point> next_interval;
  if (times_.interval) next_interval = started_ + *times_.interval;
  while (true) {
    const Clock::time_point now = Clock::now();
    if (const auto end = ended(now)) return *end;
    if (next_interval && now >= *next_interval) {
      if (auto reported = report_interval(); !reported) {
        return tl::unexpected(std::move(reported.error()));
      }
      // An interval that rendering has used up is skipped, not made up for.
      while (*next_interval <= Clock::now())
        *next_interval += *times_.interval;
    }
    if (progress_.enabled()) progress_.show(now - started_, times_.duration, sessions_.books());
    const auto shown = show_live();
    if (!shown) return tl::unexpected(shown.error());
    // There may be more at once; signals and the end come first.
    Clock::time_point wake = now;
    if (!*shown) wake += times_.live ? kLiveTick : kTick;
    if (times_.duration) wake = std::min(wake, started_ + *times_.duration);
    if (next_interval) wake = std::min(wake, *next_interval);
    if (grace_end_) wake = std::min(wake, *grace_end_);
    poll_until(wake, true);
    take_signals();
  }
}

std::optional<End> RunLoop::ended(Clock::time_point now) {
  if (signals_.taken() > 1) return End::second_signal;
  if (command_ != nullptr && command_->ended()) return End::command;
  if (signals_.taken() == 1) {
    if (command_ == nullptr || now >= *grace_end_) return End::signal;
  }
  if (times_.duration && now - started_ >= *times_.duration) return End::duration;
  if (command_ == nullptr && sessions_.limit_reached()) return End::limit;
  if (targets_.all_ended()) return End::targets;
  return std::nullopt;
}

void RunLoop::take_signals() {
  while (const auto caught = signals_.take()) {
    last_signal_ = caught->number;
    if (!grace_end_) grace_end_ = Clock::now() + kGrace;
    if (command_ != nullptr && !caught->from_terminal) command_->send(caught->number);
  }
}

Result<void> RunLoop::report_interval() {
  auto reports = sessions_.snapshot();
  if (!reports) return tl::unexpected(std::move(reports.error()));
  progress_.erase();
  return outputs_.interval(std::move(*reports));
}

Result<bool> RunLoop::show_live() {
  if (!times_.live) return false;
  const auto all = sessions_.live();
  for (const auto& [lane, table] : all) {
    if (auto written = outputs_.rows(lane, table); !written)
      return tl::unexpected(std::move(written.error()));
  }
  return !all.empty();
}

Result<void> RunLoop::show_all_live() {
  for (;;) {
    const auto shown = show_live();
    if (!shown) return tl::unexpected(shown.error());
    if (!*shown) return {};
  }
}

std::optional<int> RunLoop::wait_for_command() {
  while (true) {
    if (const auto status = command_->ended()) return status;
    if (signals_.taken() > 1) return std::nullopt;
    poll_until(Clock::time_point::max(), false);
    take_signals();
  }
}

void RunLoop::poll_until(Clock::time_point wake, bool watch_targets) {
  std::vector<pollfd> watched = {{signals_.fd(), POLLIN, 0}};
  if (command_ != nullptr) watched.push_back({command_->pidfd(), POLLIN, 0});
  if (watch_targets) {
    for (const UniqueFd& process : targets_.running())
      watched.push_back({process.get(), POLLIN, 0});
  }
  timespec timeout{};
  const bool for_ever = wake == Clock::time_point::max();
  if (!for_ever) {
    const nanoseconds left = std::max<nanoseconds>(wake - Clock::now(), 0ns);
    timeout.tv_sec = static_cast<time_t>(left / 1s);
    timeout.tv_nsec = static_cast<long>((left % 1s).count());
  }
  // Whatever it returns, the caller looks at everything again.
  ::ppoll(watched.data(), watched.size(), for_ever ? nullptr : &timeout, nullptr);
}

}  // namespace sonde::cli
