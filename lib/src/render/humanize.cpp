#include "render/humanize.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <type_traits>

#include "util/text.hpp"

namespace sonde::render {
namespace {

std::string three_digits(double value) {
  const double size = std::fabs(value);
  if (size < 9.995) return fmt::format("{:.2f}", value);
  if (size < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

// The smallest unit has no fraction: there is no half byte.
std::string scale(double value, double base, std::span<const std::string_view> units) {
  std::size_t unit = 0;
  while (unit + 1 < units.size() && std::fabs(value) >= base - 0.5) {
    value /= base;
    ++unit;
  }
  const bool whole = unit == 0 && value == std::floor(value);
  return fmt::format("{} {}", whole ? fmt::format("{:.0f}", value) : three_digits(value),
                     units[unit]);
}

std::string humanize_number(double value, Unit unit) {
  if (!std::isfinite(value)) return "-";
  switch (unit) {
    case Unit::bytes:
      return humanize_bytes(value);
    case Unit::nanoseconds:
      return humanize_nanoseconds(value);
    case Unit::microseconds:
      return humanize_nanoseconds(value * 1e3);
    case Unit::percent:
      return fmt::format("{:.2f}", value);
    case Unit::hertz:
      return fmt::format("{} Hz", value);
    case Unit::timestamp:
    case Unit::count:
    case Unit::none:
      break;
  }
  return value == std::floor(value) && std::fabs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                               : three_digits(value);
}

}  // namespace

std::string humanize_nanoseconds(double nanoseconds) {
  constexpr std::array<std::string_view, 4> kUnits = {"ns", "us", "ms", "s"};
  return scale(nanoseconds, 1000, kUnits);
}

std::string humanize_bytes(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  return scale(bytes, 1024, kUnits);
}

std::string humanize(const Value& value, Unit unit) {
  return std::visit(
      [unit](const auto& held) -> std::string {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          return "-";
        } else if constexpr (std::is_same_v<Held, bool>) {
          return held ? "yes" : "no";
        } else if constexpr (std::is_same_v<Held, std::string>) {
          return text::printable(held);
        } else if constexpr (std::is_same_v<Held, std::vector<std::string>>) {
          return text::printable(fmt::format("{}", fmt::join(held, ", ")));
        } else if constexpr (std::is_integral_v<Held>) {
          const bool scaled = unit != Unit::none && unit != Unit::count;
          return scaled ? humanize_number(static_cast<double>(held), unit)
                        : fmt::format("{}", held);
        } else {
          return humanize_number(held, unit);
        }
      },
      value);
}

}  // namespace sonde::render
