// What the kernel did with the packets of a connection that failed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/features.hpp"
#include "net/ending.hpp"
#include "shared/drop_event.h"
#include "tracers/net/drop_names.hpp"
#include "tracers/net/skeleton.hpp"

namespace sonde::tracers {

class DropCauses {
 public:
  /// `features` outlives this; they have Feature::drop_reasons.
  explicit DropCauses(const core::FeatureSet& features) : names_(features) {}

  Result<void> configure(net_bpf& skeleton);
  /// Packets of either direction that this machine's kernel has dropped, in any network namespace.
  std::optional<net::DroppedPackets> of(const sonde_net_ends& ends);

 private:
  std::optional<sonde_drop_cause> find(const sonde_drop_ends& ends) const noexcept;

  net_bpf* skeleton_ = nullptr;
  DropNames names_;
};

}  // namespace sonde::tracers
