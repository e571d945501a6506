#include "tracers/mem/alloc_targets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "tracers/mem/program_files.hpp"

namespace sonde::tracers {

Result<AllocTargets> find_alloc_targets(const TargetFilter& filter) {
  AllocTargets targets;
  // Descendants run from their first instruction before sonde could know of them.
  targets.probes = std::make_unique<AllocProbes>(filter, filter.follow_children);
  AllocProbes& probes = *targets.probes;
  if (auto looked = probes.look(); !looked) return tl::unexpected(looked.error());
  if (const auto files = open_launched_files(filter); !files.empty())
    probes.expect(static_cast<std::int32_t>(filter.tgids.front()), files);
  const auto& unprobed = probes.found().unprobed;
  std::set<std::string> reasons;
  for (const auto& [pid, why] : unprobed)
    reasons.insert(why);
  targets.unprobed = fmt::format("{}", fmt::join(reasons, "; "));
  targets.all_unprobed = !unprobed.empty() && probes.processes().empty();
  return targets;
}

}  // namespace sonde::tracers
