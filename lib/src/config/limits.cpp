#include "config/limits.hpp"

#include <fmt/format.h>

#include "util/fail.hpp"

namespace sonde::config {

Result<void> check_range(std::string_view name, std::uint64_t value, Range range) {
  if (value >= range.least && value <= range.most) return {};
  return fail(ErrorCode::ConfigError, fmt::format("{} is {}, but must be from {} to {}", name,
                                                  value, range.least, range.most));
}

}  // namespace sonde::config
