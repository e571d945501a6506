// Which of the targets the allocation lane can trace, before anything is loaded for it.
#pragma once

#include <memory>
#include <string>

#include <sonde/error.hpp>
#include "tracers/mem/alloc_probes.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

struct AllocTargets {
  /// Of all that run now, or of the command that is about to.
  std::unique_ptr<AllocProbes> probes;
  /// Why some, or all, of them are not probed; empty if all are.
  std::string unprobed;
  bool all_unprobed = false;
};

Result<AllocTargets> find_alloc_targets(const TargetFilter& filter);

}  // namespace sonde::tracers
