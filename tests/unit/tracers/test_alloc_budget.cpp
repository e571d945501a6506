#include <boost/test/unit_test.hpp>

#include "tracers/mem/alloc_budget.hpp"

using namespace sonde;
using tracers::AllocBudget;
using tracers::AllocLoad;

namespace {

constexpr core::TrapCost kTrap{800, 7200};
constexpr double kSecond = 1e9;

}  // namespace

BOOST_AUTO_TEST_SUITE(alloc_budget)

// 100000 hits of 800 ns and a program each are about a tenth of a second, of the other nine tenths.
BOOST_AUTO_TEST_CASE(percent) {
  const AllocLoad load{1e5, 0, 0, 0, kSecond};
  const AllocBudget budget(kTrap, 5);
  BOOST_TEST(budget.percent(load) > 8 / 0.92);
  BOOST_TEST(budget.percent(load) < 13);
  BOOST_TEST(budget.exceeds(load));
  BOOST_TEST(!AllocBudget(kTrap, 200).exceeds(load));
  BOOST_TEST(!AllocBudget(kTrap, 0).exceeds(load));
}

// A single-stepped instruction costs nine times as much.
BOOST_AUTO_TEST_CASE(stepped) {
  const AllocBudget budget(kTrap, 0);
  BOOST_TEST(budget.trap_ns({10, 10, 0, 0, 0}) == 9 * budget.trap_ns({10, 0, 0, 0, 0}));
}

// The pause after a window is such that cost and native time, over both, are in the limit's ratio.
BOOST_AUTO_TEST_CASE(pause) {
  const AllocLoad load{1e5, 0, 1000, 1000, 0.15 * kSecond};
  const AllocBudget budget(kTrap, 5);
  for (const double busy : {0.5, 1.0, 4.0}) {
    const double native = budget.native_ns(load) + busy * budget.pause_ns(load, busy);
    BOOST_TEST(100 * budget.cost_ns(load) / native == 5, boost::test_tools::tolerance(1e-9));
  }
  BOOST_TEST(AllocBudget(kTrap, 0).pause_ns(load, 1) == 0);
  BOOST_TEST(AllocBudget(kTrap, 1e6).pause_ns(load, 1) == 0);
}

// Costs that are estimated too high leave some native time.
BOOST_AUTO_TEST_CASE(native_is_positive) {
  const AllocBudget budget(kTrap, 5);
  BOOST_TEST(budget.native_ns({1e9, 0, 0, 0, kSecond}) > 0);
  BOOST_TEST(budget.percent({0, 0, 0, 0, 0}) == 0);
}

// Samples are what costs where every call is one.
BOOST_AUTO_TEST_CASE(samples) {
  const AllocBudget budget(kTrap, 5);
  BOOST_TEST(budget.is_by_samples({1e5, 0, 1e5, 1e5, kSecond}));
  BOOST_TEST(!budget.is_by_samples({1e5, 0, 100, 100, kSecond}));
}

BOOST_AUTO_TEST_SUITE_END()
