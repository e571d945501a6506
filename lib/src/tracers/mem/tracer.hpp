#pragma once

#include <memory>

#include <sonde/config.hpp>
#include <sonde/memory_tracer.hpp>
#include "core/features.hpp"
#include "core/tracer.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

class MemTracer : public core::Tracer {
 public:
  virtual MemoryStatistics statistics() const = 0;
};

/// The tracer behind EbpfMemoryTracer. `config` is valid.
Result<std::unique_ptr<MemTracer>> make_mem_tracer(const EbpfConfig& config,
                                                   const core::FeatureSet& features,
                                                   const TargetFilter& filter);

}  // namespace sonde::tracers
