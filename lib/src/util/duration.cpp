#include "util/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "util/fail.hpp"

namespace sonde {
namespace {

struct DurationUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::array kUnits = {DurationUnit{"h", 3'600'000'000'000},
                               DurationUnit{"m", 60'000'000'000},
                               DurationUnit{"s", 1'000'000'000},
                               DurationUnit{"ms", 1'000'000},
                               DurationUnit{"us", 1'000},
                               DurationUnit{"ns", 1}};
constexpr double kLongest = 100.0 * 365 * 86'400 * 1e9;

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::ConfigError, fmt::format("'{}' is not a duration: {}", text, why),
                "Write a number with ns, us, ms, s, m or h, such as 500ms or 10s");
  };
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{}) return bad("it does not begin with a number");
  std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (unit.empty()) unit = "s";
  for (const DurationUnit& known : kUnits) {
    if (known.name != unit) continue;
    const double nanoseconds = number * static_cast<double>(known.nanoseconds);
    if (!(nanoseconds >= 0)) return bad("it is negative");
    if (nanoseconds > kLongest) return bad("it is over 100 years");
    return std::chrono::nanoseconds(std::llround(nanoseconds));
  }
  return bad(fmt::format("the unit '{}' is unknown", unit));
}

std::string format_duration(std::chrono::nanoseconds value) {
  const std::int64_t count = value.count();
  if (count == 0) return "0s";
  for (const DurationUnit& unit : kUnits) {
    if (count % unit.nanoseconds == 0)
      return fmt::format("{}{}", count / unit.nanoseconds, unit.name);
  }
  return fmt::format("{}ns", count);
}

}  // namespace sonde
