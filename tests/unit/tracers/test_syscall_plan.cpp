#include <boost/test/unit_test.hpp>

#include "plans.hpp"
#include "tracers/syscall/plan.hpp"

using namespace sonde;
using core::Feature;
using core::FeatureSet;
using test::all_but;
using test::entry;
using test::everything;
using test::nothing;

namespace {

EbpfConfig counting() {
  EbpfConfig config;
  config.syscall.latency = false;
  return config;
}

}  // namespace

// With everything there, every entry is primary.
BOOST_AUTO_TEST_CASE(syscall_best_case) {
  const auto plan = tracers::plan_syscall(EbpfConfig{}, FeatureSet(everything)).value();
  BOOST_TEST(plan.timed);
  BOOST_TEST(plan.seeds);
  for (const PlanEntry& e : plan.entries)
    BOOST_TEST((e.state == PlanEntry::State::primary), e.feature);
}

// Times need a place for each thread's begin; the error says what to do.
BOOST_AUTO_TEST_CASE(syscall_without_task_storage) {
  const auto plan = tracers::plan_syscall(EbpfConfig{}, FeatureSet(nothing));
  BOOST_TEST_REQUIRE(!plan.has_value());
  BOOST_TEST((plan.error().code == ErrorCode::IncompatibleKernel));
  BOOST_TEST(plan.error().hint.find("--count") != std::string::npos);
}

// Counting needs next to nothing, and says what is then not counted.
BOOST_AUTO_TEST_CASE(syscall_counting_without_anything) {
  const auto plan = tracers::plan_syscall(counting(), FeatureSet(nothing)).value();
  BOOST_TEST(!plan.timed);
  BOOST_TEST(!plan.counts_exits);
  BOOST_TEST((entry(plan, "calls").state == PlanEntry::State::fallback));
  BOOST_TEST(!entry(plan, "calls").consequence.empty());
}

// Without the registers of sleeping threads, calls that began before are not shown.
BOOST_AUTO_TEST_CASE(syscall_without_registers) {
  const auto plan =
      tracers::plan_syscall(EbpfConfig{}, FeatureSet(all_but<Feature::task_registers>)).value();
  BOOST_TEST(plan.timed);
  BOOST_TEST(!plan.seeds);
  BOOST_TEST((entry(plan, "calls in flight").state == PlanEntry::State::fallback));
}

// A kernel whose io_uring tracepoints are not known says so in the report.
BOOST_AUTO_TEST_CASE(syscall_without_io_uring) {
  auto plan = tracers::plan_syscall(EbpfConfig{}, FeatureSet(everything)).value();
  tracers::without_io_uring(plan);
  BOOST_TEST((entry(plan, "io_uring operations").state == PlanEntry::State::missing));
}
