#include <boost/test/unit_test.hpp>

#include "plans.hpp"
#include "tracers/mem/plan.hpp"

using namespace sonde;
using core::Feature;
using core::FeatureSet;
using test::all_but;
using test::entry;
using test::everything;
using test::nothing;

BOOST_AUTO_TEST_SUITE(mem_plan)

// With everything there, every entry is primary.
BOOST_AUTO_TEST_CASE(best_case) {
  const auto plan = tracers::plan_mem(EbpfConfig{}, FeatureSet(everything)).value();
  BOOST_TEST((plan.faults && plan.exact && plan.space_ends && plan.address_space &&
              plan.page_faults && plan.cfi));
  for (const PlanEntry& e : plan.entries)
    BOOST_TEST((e.state == PlanEntry::State::primary), e.feature);
}

// Without the tracepoint of resident memory there is nothing to show.
BOOST_AUTO_TEST_CASE(what_cannot_be_done_without) {
  const auto plan = tracers::plan_mem(EbpfConfig{}, FeatureSet(nothing));
  BOOST_TEST_REQUIRE(!plan.has_value());
  BOOST_TEST((plan.error().code == ErrorCode::IncompatibleKernel));
}

// Each missing feature costs what it gives and nothing else, and the plan says what.
BOOST_AUTO_TEST_CASE(degradations) {
  const auto coarse =
      tracers::plan_mem(EbpfConfig{}, FeatureSet(all_but<Feature::exact_rss>)).value();
  BOOST_TEST(!coarse.exact);
  BOOST_TEST((entry(coarse, "resident memory").state == PlanEntry::State::fallback));
  BOOST_TEST(!entry(coarse, "resident memory").consequence.empty());

  const auto unmapped =
      tracers::plan_mem(EbpfConfig{}, FeatureSet(all_but<Feature::mmap_lock>)).value();
  BOOST_TEST(!unmapped.address_space);
  BOOST_TEST((entry(unmapped, "address space").state == PlanEntry::State::missing));

  for (const FeatureSet& features :
       {FeatureSet(all_but<Feature::page_fault>), FeatureSet(all_but<Feature::task_storage>)}) {
    const auto plan = tracers::plan_mem(EbpfConfig{}, features).value();
    BOOST_TEST(!plan.page_faults);
    BOOST_TEST((entry(plan, "page faults").state == PlanEntry::State::missing));
  }
}

// What is not wanted is not there, and the plan says so.
BOOST_AUTO_TEST_CASE(page_faults_are_left_out) {
  EbpfConfig config;
  config.memory.page_faults = false;
  const auto plan = tracers::plan_mem(config, FeatureSet(everything)).value();
  BOOST_TEST((plan.faults && plan.exact && !plan.page_faults));
  BOOST_TEST((entry(plan, "page faults").state == PlanEntry::State::missing));
  BOOST_TEST(entry(plan, "page faults").consequence.starts_with("memory.page_faults is off"));
}

// Where nothing can be probed, what makes memory grow is planned in place of allocations, and where
// some of the targets cannot, beside them, if the kernel keeps the two apart.
BOOST_AUTO_TEST_CASE(unprobed) {
  EbpfConfig config;
  config.memory.live = true;
  config.target.pids = {1};
  const FeatureSet features(everything);
  auto all = tracers::plan_mem(config, features).value();
  BOOST_TEST(tracers::plan_faults_instead(features, "it is Go", true, all).has_value());
  BOOST_TEST((all.faults && !all.alloc));
  BOOST_TEST(entry(all, "allocations").consequence.starts_with("it is Go"));
  BOOST_TEST((entry(all, "allocations").state == PlanEntry::State::fallback));

  auto some = tracers::plan_mem(config, features).value();
  BOOST_TEST(tracers::plan_faults_instead(features, "it is Go", false, some).has_value());
  BOOST_TEST((some.faults && some.alloc));
  BOOST_TEST((entry(some, "allocations of some targets").state == PlanEntry::State::fallback));

  const FeatureSet older(all_but<Feature::uprobe_session>);
  auto apart = tracers::plan_mem(config, older).value();
  BOOST_TEST(tracers::plan_faults_instead(older, "it is Go", false, apart).has_value());
  BOOST_TEST((!apart.faults && apart.alloc));
  BOOST_TEST((entry(apart, "allocations of some targets").state == PlanEntry::State::missing));
}

// Breakpoints without links of many of them, one by one, and without those, not at all.
BOOST_AUTO_TEST_CASE(breakpoints) {
  EbpfConfig config;
  config.memory.alloc = true;
  config.target.pids = {1};
  const auto best = tracers::plan_mem(config, FeatureSet(all_but<Feature::oom_victim>)).value();
  BOOST_TEST(best.alloc_multi);
  BOOST_TEST(best.alloc_session);
  const auto single = tracers::plan_mem(config, FeatureSet(all_but<Feature::uprobe_multi>)).value();
  BOOST_TEST(!single.alloc_multi);
  BOOST_TEST(!single.alloc_session);
  BOOST_TEST((entry(single, "allocations").state == PlanEntry::State::fallback));
  const auto none = tracers::plan_mem(config, FeatureSet([](Feature feature) noexcept {
                                        return feature != Feature::uprobe_multi &&
                                               feature != Feature::uprobe_events;
                                      }));
  BOOST_REQUIRE(!none);
  BOOST_TEST((none.error().code == ErrorCode::IncompatibleKernel));
}

BOOST_AUTO_TEST_SUITE_END()
