// What the labels of the faults lane's stacks say.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <sonde/report.hpp>
#include "symbolize/symbolizer.hpp"

#include "mem_event.h"

namespace sonde::tracers {

/// One of the measures of the faults lane: a profile of its own in the report.
struct FaultMeasure {
  /// SONDE_MEM_GROWTH, ...
  std::uint32_t what;
  /// The profile's record type and title.
  const char* type;
  const char* title;
  /// pprof's names of the weight and of the count.
  SampleType weight;
  SampleType count;
  bool has_kind;
  bool secondary;
};

extern const std::array<FaultMeasure, 6> kFaultMeasures;

/// Takes the stacks of the lane apart by measure.
class FaultStacks {
 public:
  /// Leaves what is no stack of the lane.
  explicit FaultStacks(std::vector<symbolize::RawStack>& counted);
  /// With kind and cause as details.
  std::vector<symbolize::RawStack> take(const FaultMeasure& measure);

 private:
  std::vector<symbolize::RawStack> stacks_;
};

/// Type, title, values and details of a profile of that measure's stacks.
void describe(const FaultMeasure& measure, StackProfile& profile);

}  // namespace sonde::tracers
