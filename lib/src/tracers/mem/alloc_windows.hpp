// How many calls there were, from the few windows in which breakpoints saw them.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace sonde::tracers {

/// A stretch of time with one window somewhere in it.
struct AllocStretch {
  /// Breakpoints hit in the window, and those of them that were recorded: they are hit before the
  /// first and after the last, too, for as long as sonde waits for a CPU itself.
  double hits = 0;
  double recorded = 0;
  /// CPU time of the targets in the window, and what is left of it without what hits are known to
  /// cost.
  double window_ns = 0;
  double rest_ns = 0;
  /// What the trap of one of them took, and whether that was measured in this window.
  double trap_ns = 0;
  bool measured = false;
  /// CPU time outside of the window, without what hits cost.
  double outside_ns = 0;
  /// System calls in the window, and outside.
  double syscalls = 0;
  double outside_syscalls = 0;
};

/*
 * The estimator. A window's calls stand for those of its whole stretch in the ratio of the CPU time
 * that the program itself used: all of it outside, and in the window what is left without the
 * hits' cost,
 *
 *   native = rest - aftermath * trap * hits.
 *
 * Where a call follows the last by less than a microsecond, `rest` is a small difference of large
 * numbers, and code runs slower for a while after a trap: the caches and the branch predictors are
 * the kernel's, and what the processor would have done at once is done in turn. No clock tells that
 * aftermath from the program's own time. Two things bound it: what it was in programs that count
 * their calls (the prior), and the program's pace in system calls, which breakpoints in an
 * allocator do not change: between windows there are so many for each nanosecond of CPU time, and
 * those in a window tell how much native time it had. Each stretch so gives a value, their mean one
 * with an error by how far they differ, and prior and mean are weighted by the inverse of their
 * errors' squares. A pace that contradicts the prior (system calls by the clock, not by the work)
 * is not used.
 */
class AllocWindows {
 public:
  /// What a call recorded in this stretch's window stands for; 0 if the window saw nothing of what
  /// the target did, or something disturbed its clock.
  double add(const AllocStretch& stretch);

  std::size_t count() const noexcept { return stretches_.size(); }
  /// As a share of the trap's cost: what hits cost beyond what is known.
  struct Aftermath {
    double share = 0;
    double deviation = 0;
    bool by_syscalls = false;
  };
  const Aftermath& aftermath() const noexcept { return aftermath_; }
  /// Between what the true totals are, as a sentence.
  std::string error() const;

 private:
  bool learn(const AllocStretch& stretch);
  /// How much windows are like each other.
  struct Likeness {
    /// CPU time of the program between two hits, on average.
    double between_ns = 0;
    /// Of a window's difference from that, if it is less than this, the part that is not noise.
    double far_ns = 0;
    double keep = 1;
  };
  Likeness likeness(double share) const;
  static double native_ns(const AllocStretch& stretch, double share,
                          const Likeness& likeness) noexcept;
  static double factor(const AllocStretch& stretch, double share,
                       const Likeness& likeness) noexcept;
  /// Of calls in all stretches, if the aftermath is this.
  double calls(double share) const;

  std::vector<AllocStretch> stretches_;
  double hits_ = 0;
  double measured_hits_ = 0;
  double told_calls_ = 0;
  /// What the system calls of one stretch say.
  struct Pace {
    /// CPU time of the window's traps, what native time its system calls stand for, and by how much
    /// what is left of its time is more than that.
    double traps_ns = 0;
    double native_ns = 0;
    double more_ns = 0;
    double share() const noexcept { return more_ns / traps_ns; }
  };
  /// Of those that nothing disturbed.
  struct Agreement {
    double share = 0;
    double error = 0;
    bool last_disturbed = false;
  };
  std::optional<Agreement> agreement() const;

  std::deque<Pace> paces_;
  Aftermath aftermath_;
};

}  // namespace sonde::tracers
