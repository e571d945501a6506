#include "aggregate/byte_sampling.hpp"

#include <cmath>
#include <cstddef>

#include "byte_sampling.h"

namespace sonde::aggregate {
namespace {

std::uint32_t in_units(double value, int scale) {
  return static_cast<std::uint32_t>(std::llround(std::ldexp(value, scale)));
}

}  // namespace

void fill_log_table(std::span<std::uint32_t> table) {
  const auto last = static_cast<double>(table.size() - 1);
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = in_units(std::log2(1 + static_cast<double>(i) / last), SONDE_SAMPLING_LOG_SCALE);
}

void fill_inverse_table(std::span<std::uint32_t> table) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double x = std::ldexp(static_cast<double>(i), -SONDE_SAMPLING_INVERSE_STEP);
    table[i] = in_units(i == 0 ? 1 : x / -std::expm1(-x), SONDE_SAMPLING_INVERSE_SCALE);
  }
}

}  // namespace sonde::aggregate
