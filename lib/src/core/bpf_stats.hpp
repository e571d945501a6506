#pragma once

#include <cstdint>
#include <optional>

#include "core/object_usage.hpp"
#include "util/unique_fd.hpp"

namespace sonde::core {

/// Estimates the time spent in BPF programs from windows in which the kernel's statistics are on.
/// Statistics slow every BPF program of the machine, so after the first second they are on for a
/// fifth of the time; the total is scaled by the number of runs, which sonde counts all the time.
class BpfStats {
 public:
  /// Opens the first window; stays empty without CAP_SYS_ADMIN.
  void start(std::uint64_t now_ns) noexcept;
  /// Opens or closes the window as its schedule says; call often.
  void tick(std::uint64_t now_ns) noexcept;
  void stop() noexcept { enabled_.reset(); }

  /// `total_runs` is the number of program runs over the whole session. Empty if nothing was
  /// measured.
  static std::optional<std::uint64_t> estimate(const ProgramTime& measured,
                                               std::uint64_t total_runs) noexcept;

 private:
  UniqueFd enabled_;
  std::uint64_t started_ns_ = 0;
  bool available_ = false;
};

}  // namespace sonde::core
