// Dropped packets as rows of a report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <sonde/report.hpp>
#include "core/clock.hpp"
#include "shared/drop_event.h"

namespace sonde::tracers {

/// Drops of one kind.
struct DropFlow {
  sonde_drop_key key{};
  sonde_drop_stats sum{};
};

/// Adds drops up by what they are of.
class DropFlows {
 public:
  /// False if there are `most` already and this one is new.
  bool add(const DropFlow& flow, std::size_t most);
  /// Most packets first; empties it.
  std::vector<DropFlow> take();

 private:
  std::unordered_map<std::string, sonde_drop_stats> by_key_;  // the key's bytes
};

/// A row of report::drop_table(). `function` is where in the kernel.
std::vector<Value> drop_row(const DropFlow& flow, const std::string& reason,
                            const std::string& function, const core::WallClock& clock);

}  // namespace sonde::tracers
