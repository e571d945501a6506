#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tracers/mem/alloc_budget.hpp"

using namespace sonde;
using tracers::AllocBudget;
using tracers::AllocLoad;
using tracers::AllocMeasured;

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

// Windows of this share of the time, with two breakpoints a call, cost as much as the limit allows.
BOOST_AUTO_TEST_CASE(share_of_time) {
  const AllocLoad load{1e5, 0, 1000, 1000, 0.15 * kSecond};
  const AllocBudget budget(kTrap, 5);
  const double duty = budget.duty(load);
  const double cost = 2 * budget.cost_ns(load);
  const double all = (budget.native_ns(load) + cost) / duty;
  BOOST_TEST(100 * cost / (all - cost) == 5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(AllocBudget(kTrap, 0).duty(load) == 1);
}

// What was measured decides, also for what is executed in a single step, in proportion; without
// enough of it the calibrated cost does.
BOOST_AUTO_TEST_CASE(measured_costs) {
  const AllocBudget budget(kTrap, 5);
  const AllocLoad load{1000, 0, 0, 0, kSecond};
  const AllocMeasured measured{1000, 300e3, 1200e3, 1000};
  BOOST_TEST(budget.cost_ns(load, measured) == 2000 * 1200 + 300e3);
  BOOST_TEST(budget.cost_ns({1000, 10, 0, 0, kSecond}, measured) ==
             1990 * 1200 + 10 * 7200 * 1.5 + 300e3);
  BOOST_TEST(!budget.is_measured({10, 3e3, 12e3, 10}));
  BOOST_TEST(budget.cost_ns(load, {}) == budget.cost_ns(load));
}

// Costs that are estimated too high leave some native time.
BOOST_AUTO_TEST_CASE(native_is_positive) {
  const AllocBudget budget(kTrap, 5);
  BOOST_TEST(budget.native_ns({1e9, 0, 0, 0, kSecond}) > 0);
  BOOST_TEST(budget.percent({0, 0, 0, 0, 0}) == 0);
}

// A target of 0.5 s whose hits cost 0.3 s, beside the 0.2 s that are left to it: beyond 100 % by a
// tenth of a second, on the edge of 150 %, and below 200 % by as much.
BOOST_AUTO_TEST_CASE(excess) {
  const double per_hit = AllocBudget(kTrap, 1).cost_ns({1, 0, 0, 0, kSecond});
  const AllocLoad load{0.3 * kSecond / per_hit, 0, 0, 0, 0.5 * kSecond};
  const auto tolerance = boost::test_tools::tolerance(1e-9);
  BOOST_TEST(AllocBudget(kTrap, 100).excess_ns(load) == 0.1 * kSecond, tolerance);
  BOOST_TEST(std::abs(AllocBudget(kTrap, 150).excess_ns(load)) < 1);
  BOOST_TEST(AllocBudget(kTrap, 200).excess_ns(load) == -0.1 * kSecond, tolerance);
}

// Samples are what costs where every call is one.
BOOST_AUTO_TEST_CASE(samples) {
  const AllocBudget budget(kTrap, 5);
  BOOST_TEST(budget.is_by_samples({1e5, 0, 1e5, 1e5, kSecond}));
  BOOST_TEST(!budget.is_by_samples({1e5, 0, 100, 100, kSecond}));
}

BOOST_AUTO_TEST_SUITE_END()
