#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <sonde/report.hpp>

#include "mem_event.h"

namespace sonde::tracers {

/// Processes that the kernel killed for want of memory, and why.
class OomKills {
 public:
  /// A SONDE_RECORD_OOM; false if it is malformed.
  bool add(std::span<const std::byte> record);

  /// Sets aside what came since the last call.
  void take() { taken_ = std::exchange(kills_, {}); }
  bool empty() const noexcept { return taken_.empty(); }
  /// A row for each of what take() set aside. `frames` names the frames of a stack by its key, leaf
  /// first; empty if it is not known.
  Table table(const std::function<std::vector<std::string>(std::uint64_t key)>& frames) const;

 private:
  std::vector<sonde_oom_record> kills_;
  std::vector<sonde_oom_record> taken_;
};

}  // namespace sonde::tracers
