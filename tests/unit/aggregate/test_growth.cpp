#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "aggregate/growth.hpp"

using sonde::aggregate::GrowthSeries;

namespace {

template <class Value>
GrowthSeries series(int looks, Value value) {
  GrowthSeries made;
  for (int i = 0; i < looks; ++i)
    made.add(value(i));
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(growth)

// A leak is told from six looks on, however long it is watched, steady or in steps.
BOOST_AUTO_TEST_CASE(leak) {
  for (const int looks : {6, 20, 31, 100, 5000}) {
    BOOST_TEST(series(looks, [](int i) { return 1000.0 * i; }).is_growing(0), looks);
    const auto in_steps = [](int i) { return 1e6 + 1000.0 * (i / 2); };
    if (looks > 6) BOOST_TEST(series(looks, in_steps).is_growing(0), looks);
  }
  BOOST_TEST(!series(5, [](int i) { return 1000.0 * i; }).is_growing(0));
}

// A cache that has filled, what stays, what shrinks and what goes up and down are none.
BOOST_AUTO_TEST_CASE(no_leak) {
  for (const int looks : {12, 30, 100, 1000}) {
    const auto filled = [&](int i) { return std::min(1000.0 * i, 300.0 * looks); };
    BOOST_TEST(!series(looks, filled).is_growing(0), looks);
    BOOST_TEST(!series(looks, [](int) { return 5e6; }).is_growing(0), looks);
    BOOST_TEST(!series(looks, [](int i) { return 5e6 - i; }).is_growing(0), looks);
    BOOST_TEST(!series(looks, [](int i) { return i % 4 * 1e6; }).is_growing(0), looks);
  }
}

// What chance moves is not taken for growth in more than a few of a hundred.
BOOST_AUTO_TEST_CASE(chance) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(1e6, 1e5);
  int growing = 0;
  for (int i = 0; i < 1000; ++i)
    growing += series(30, [&](int) { return noise(random); }).is_growing(1e5);
  BOOST_TEST(growing <= 10);
}

// Growth within the error of sampling is not told.
BOOST_AUTO_TEST_CASE(noise) {
  BOOST_TEST(!series(20, [](int i) { return 100.0 * i; }).is_growing(1e4));
}

BOOST_AUTO_TEST_SUITE_END()
