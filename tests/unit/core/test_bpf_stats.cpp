#include <boost/test/unit_test.hpp>

#include "core/bpf_stats.hpp"

using sonde::core::BpfStats;

// A measured share of the runs is scaled to all of them.
BOOST_AUTO_TEST_CASE(scales_by_runs) {
  BOOST_TEST(BpfStats::estimate({2'000, 10}, 50).value() == 10'000u);
}

// Nothing measured is no number, not zero.
BOOST_AUTO_TEST_CASE(nothing_measured_is_empty) {
  BOOST_TEST(!BpfStats::estimate({0, 0}, 50).has_value());
}

// Without statistics there is nothing to wait for.
BOOST_AUTO_TEST_CASE(no_statistics_no_ticks) {
  BOOST_TEST(BpfStats().next_tick_ns(1) == UINT64_MAX);
}
