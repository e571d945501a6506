#pragma once

#include <memory>
#include <vector>

#include <sonde/config.hpp>
#include "core/features.hpp"
#include "core/tracer.hpp"
#include "tracers/net/totals.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

/// The network tracer behind EbpfNetworkTracer.
class NetTracer : public core::Tracer {
 public:
  virtual NetTotals totals() const = 0;
  /// As EbpfNetworkTracer::take_rows().
  virtual std::vector<Table> take_rows() = 0;
};

/// ConfigError for filters that mean nothing.
Result<void> check_network_options(const NetworkOptions& options);

/// `config` is valid. ConfigError as above.
Result<std::unique_ptr<NetTracer>> make_net_tracer(const EbpfConfig& config,
                                                   const core::FeatureSet& features,
                                                   const TargetFilter& filter);

}  // namespace sonde::tracers
