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

BOOST_AUTO_TEST_SUITE_END()
