#pragma once

#include <memory>

#include <sonde/config.hpp>
#include "core/features.hpp"
#include "core/tracer.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

/// The CPU profiler behind EbpfCpuProfiler. `config` is valid.
Result<std::unique_ptr<core::Tracer>> make_cpu_tracer(const EbpfConfig& config,
                                                      const core::FeatureSet& features,
                                                      const TargetFilter& filter);

}  // namespace sonde::tracers
