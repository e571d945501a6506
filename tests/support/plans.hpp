// Kernels for tests of plans, and what a plan says of one feature.
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include <sonde/report.hpp>
#include "core/features.hpp"

namespace sonde::test {

inline bool everything(core::Feature) noexcept {
  return true;
}
inline bool nothing(core::Feature) noexcept {
  return false;
}
/// Everything but one.
template <core::Feature missing>
bool all_but(core::Feature feature) noexcept {
  return feature != missing;
}

template <class Plan>
const PlanEntry& entry(const Plan& plan, const std::string& feature) {
  const auto found = std::find_if(plan.entries.begin(), plan.entries.end(),
                                  [&](const PlanEntry& e) { return e.feature == feature; });
  BOOST_TEST_REQUIRE((found != plan.entries.end()), feature);
  return *found;
}

}  // namespace sonde::test
