#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "aggregate/byte_sampling.hpp"
#include "byte_sampling.h"

using namespace sonde;

BOOST_AUTO_TEST_SUITE(byte_sampling)

// Between two entries of the table a straight line is within three millionths of x / (1 - exp(-x)),
// whatever the size.
BOOST_AUTO_TEST_CASE(inverse_is_precise) {
  std::array<std::uint32_t, (1 << SONDE_SAMPLING_INVERSE_BITS) + 1> table{};
  aggregate::fill_inverse_table(table);
  for (double x = 1e-6; x < SONDE_SAMPLING_INVERSE_RANGE; x *= 1.003) {
    const double position = std::ldexp(x, SONDE_SAMPLING_INVERSE_STEP);
    const auto index = static_cast<std::size_t>(position);
    const double rest = position - static_cast<double>(index);
    const double found = std::ldexp(table[index] * (1 - rest) + table[index + 1] * rest,
                                    -SONDE_SAMPLING_INVERSE_SCALE);
    const double expected = x / (1 - std::exp(-x));
    BOOST_TEST(std::abs(found / expected - 1) < 3e-6, "x = " << x);
  }
}

// So is the logarithm.
BOOST_AUTO_TEST_CASE(log_is_precise) {
  std::array<std::uint32_t, (1 << SONDE_SAMPLING_LOG_BITS) + 1> table{};
  aggregate::fill_log_table(table);
  BOOST_TEST(table.front() == 0u);
  BOOST_TEST(table.back() == 1u << SONDE_SAMPLING_LOG_SCALE);
  BOOST_TEST(table[512] == static_cast<std::uint32_t>(
                               std::llround(std::log2(1.5) * (1 << SONDE_SAMPLING_LOG_SCALE))));
}

BOOST_AUTO_TEST_SUITE_END()
