#include <boost/test/unit_test.hpp>

#include "core/bpf_stats.hpp"

using sonde::core::BpfStats;
using sonde::core::ProgramUse;

// A measured share of the runs is scaled to all of them.
BOOST_AUTO_TEST_CASE(scales_by_runs) {
  BOOST_TEST(BpfStats::scale({{2'000, 10}, 10}, {{2'000, 10}, 50}).value() == 10'000u);
}

// Three runs for each that counts itself, in the windows and so outside them, too.
BOOST_AUTO_TEST_CASE(scales_by_what_is_counted) {
  BOOST_TEST(
      BpfStats::scale({{300'000'000, 3'000'000}, 1'000'000}, {{300'000'000, 3'000'000}, 5'000'000})
              .value() /
          1'000'000 ==
      1499u);
}

// Somebody else had statistics on outside the windows: the mean time of a run is known better.
BOOST_AUTO_TEST_CASE(mean_of_all_runs_that_were_measured) {
  BOOST_TEST(BpfStats::scale({{2'000, 10}, 10}, {{40'000, 100}, 100}).value() == 40'000u);
}

// Nothing measured is no number, not zero.
BOOST_AUTO_TEST_CASE(nothing_measured_is_empty) {
  BOOST_TEST(!BpfStats::scale({{0, 0}, 0}, {{0, 0}, 50}).has_value());
}

// A tracer of what did not happen has cost nothing.
BOOST_AUTO_TEST_CASE(no_runs_are_no_time) {
  BOOST_TEST(BpfStats::scale({}, {}).value() == 0u);
}

// Unless nothing would have measured it.
BOOST_AUTO_TEST_CASE(no_statistics_no_estimate) {
  BOOST_TEST(!BpfStats([] { return ProgramUse{}; }).estimate().has_value());
}

// Without statistics there is nothing to wait for.
BOOST_AUTO_TEST_CASE(no_statistics_no_ticks) {
  BOOST_TEST(BpfStats([] { return ProgramUse{}; }).next_tick_ns(1) == UINT64_MAX);
}
