#include <boost/test/unit_test.hpp>

#include "plans.hpp"
#include "tracers/cpu/plan.hpp"

using namespace sonde;
using core::Feature;
using core::FeatureSet;
using test::all_but;
using test::entry;
using test::everything;
using test::nothing;

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
  const FeatureSet features(all_but<Feature::hardware_cycles>);
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

bool without_mappings(Feature feature) noexcept {
  return feature != Feature::maple_tree && feature != Feature::sideband;
}

// Call frame information needs two features and a way to find mappings. Who insists on it gets an
// error, who chose frame pointers no complaint.
BOOST_AUTO_TEST_CASE(stacks_choice) {
  EbpfConfig config;
  const auto plan = tracers::plan_cpu(config, FeatureSet(everything)).value();
  BOOST_TEST(plan.cfi);
  BOOST_TEST(entry(plan, "stacks").hook == "call frame information");
  for (const FeatureSet& features :
       {FeatureSet(without_mappings), FeatureSet(all_but<Feature::bpf_loop>),
        FeatureSet(all_but<Feature::task_registers>)}) {
    config.unwind.method = UnwindMethod::automatic;
    const auto without = tracers::plan_cpu(config, features).value();
    BOOST_TEST(!without.cfi);
    BOOST_TEST((entry(without, "stacks").state == PlanEntry::State::fallback));
    config.unwind.method = UnwindMethod::frame_pointers;
    const auto chosen = tracers::plan_cpu(config, features).value();
    BOOST_TEST((entry(chosen, "stacks").state == PlanEntry::State::primary));
    config.unwind.method = UnwindMethod::cfi;
    const auto insisting = tracers::plan_cpu(config, features);
    BOOST_TEST_REQUIRE(!insisting.has_value());
    BOOST_TEST((insisting.error().code == ErrorCode::IncompatibleKernel));
  }
}

// Without the maple tree the kernel's records tell the mappings, and the plan says what that costs.
BOOST_AUTO_TEST_CASE(mappings_choice) {
  EbpfConfig config;
  BOOST_TEST(!tracers::plan_cpu(config, FeatureSet(everything)).value().by_process);
  config.unwind.method = UnwindMethod::cfi;
  const auto plan = tracers::plan_cpu(config, FeatureSet(all_but<Feature::maple_tree>)).value();
  BOOST_TEST(plan.cfi);
  BOOST_TEST(plan.by_process);
  BOOST_TEST((entry(plan, "stacks").state == PlanEntry::State::fallback));
  config.unwind.method = UnwindMethod::frame_pointers;
  BOOST_TEST(
      !tracers::plan_cpu(config, FeatureSet(all_but<Feature::maple_tree>)).value().by_process);
}
