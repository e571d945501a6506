// Why and where the kernel drops packets, in words.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/drop_reasons.hpp"
#include "core/features.hpp"
#include "symbolize/symbolizer.hpp"
#include "tracers/net/skeleton.hpp"

namespace sonde::tracers {

class DropNames {
 public:
  /// `features` outlives this.
  explicit DropNames(const core::FeatureSet& features);
  DropNames(const DropNames&) = delete;
  DropNames& operator=(const DropNames&) = delete;

  /// Before load: the numbers of the reasons that are none.
  Result<void> configure(net_bpf& skeleton);
  /// Null where the kernel tells no reasons.
  const core::DropReasons* reasons() const noexcept { return reasons_ ? &*reasons_ : nullptr; }

  /// "NETFILTER_DROP"; "unknown" where the kernel tells none.
  std::string reason(std::uint32_t number);
  /// Names these places at once, which costs less than one after another.
  void learn(const std::set<std::uint64_t>& locations);
  /// The function; empty if it has no name.
  const std::string& function(std::uint64_t location);
  /// By which places in the kernel are named; they refer to this object.
  symbolize::SymbolizerOptions symbolizer_options() const;

 private:
  const core::FeatureSet& features_;
  net_bpf* skeleton_ = nullptr;
  /// Known where the kernel tells reasons.
  std::optional<core::DropReasons> reasons_;
  symbolize::Symbolizer symbolizer_;
  std::map<std::uint64_t, std::string> functions_;
};

}  // namespace sonde::tracers
