#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tracers/cpu_plan.hpp"

using namespace sonde;
using core::Feature;
using core::FeatureSet;

namespace {

bool everything(Feature) noexcept {
  return true;
}
bool nothing(Feature) noexcept {
  return false;
}
bool no_pmu(Feature feature) noexcept {
  return feature != Feature::hardware_cycles;
}

const PlanEntry& entry(const tracers::CpuPlan& plan, const std::string& feature) {
  const auto found = std::find_if(plan.entries.begin(), plan.entries.end(),
                                  [&](const PlanEntry& e) { return e.feature == feature; });
  BOOST_TEST_REQUIRE((found != plan.entries.end()), feature);
  return *found;
}

}  // namespace

// With everything there, every entry is primary and the hardware counts.
BOOST_AUTO_TEST_CASE(best_case) {
  const auto plan = tracers::plan_cpu(EbpfConfig{}, FeatureSet(everything)).value();
  BOOST_TEST(plan.hardware_cycles);
  for (const PlanEntry& e : plan.entries) {
    BOOST_TEST((e.state == PlanEntry::State::primary), e.feature);
    BOOST_TEST(e.consequence.empty(), e.feature);
  }
}

// Whatever is not primary says what is lost by it.
BOOST_AUTO_TEST_CASE(degradations_are_explained) {
  const auto plan = tracers::plan_cpu(EbpfConfig{}, FeatureSet(nothing)).value();
  for (const PlanEntry& e : plan.entries) {
    if (e.state != PlanEntry::State::primary) BOOST_TEST(!e.consequence.empty(), e.feature);
  }
  BOOST_TEST((entry(plan, "kernel symbols").state == PlanEntry::State::missing));
  BOOST_TEST(entry(plan, "kernel symbols").hook.empty());
  BOOST_TEST(!plan.sideband);
}

// Without a PMU the software clock is a fallback, unless it was asked for; cycles asked for in vain
// is an error.
BOOST_AUTO_TEST_CASE(event_choice) {
  EbpfConfig config;
  const FeatureSet features(no_pmu);
  BOOST_TEST((entry(tracers::plan_cpu(config, features).value(), "sampling").state ==
              PlanEntry::State::fallback));
  config.cpu.event = CpuEvent::cpu_clock;
  BOOST_TEST((entry(tracers::plan_cpu(config, features).value(), "sampling").state ==
              PlanEntry::State::primary));
  config.cpu.event = CpuEvent::cycles;
  const auto plan = tracers::plan_cpu(config, features);
  BOOST_TEST_REQUIRE(!plan.has_value());
  BOOST_TEST((plan.error().code == ErrorCode::IncompatibleKernel));
}
