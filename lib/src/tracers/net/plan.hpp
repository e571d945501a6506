#pragma once

#include <vector>

#include <sonde/config.hpp>
#include <sonde/report.hpp>
#include "core/features.hpp"

namespace sonde::tracers {

/// Which hooks the network tracer uses with these features. Pure: asks nothing but `features`.
struct NetPlan {
  bool program_time = false;
  std::vector<PlanEntry> entries;
};

/// IncompatibleKernel if the configuration needs what the kernel lacks.
Result<NetPlan> plan_net(const EbpfConfig& config, const core::FeatureSet& features);

/// The part of the connections' lane.
Result<void> plan_connections(const EbpfConfig& config, const core::FeatureSet& features,
                              std::vector<PlanEntry>& entries);

}  // namespace sonde::tracers
