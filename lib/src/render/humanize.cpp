#include "render/humanize.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
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

template <class Integer>
void append_integer(std::string& out, Integer number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

template <class Integer>
void append_whole(std::string& out, Integer number, Unit unit, LocalTime& time) {
  switch (unit) {
    case Unit::none:
    case Unit::count:
      return append_integer(out, number);
    case Unit::timestamp:
      return time.append(out, static_cast<std::int64_t>(number));
    case Unit::nanoseconds:
      if (number >= 0) return append_nanoseconds(out, static_cast<std::uint64_t>(number));
      break;
    case Unit::bytes:
    case Unit::microseconds:
    case Unit::percent:
    case Unit::hertz:
      break;
  }
  out += humanize_number(static_cast<double>(number), unit);
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

void append_nanoseconds(std::string& out, std::uint64_t nanoseconds) {
  constexpr std::array<std::string_view, 3> kUnits = {" us", " ms", " s"};
  if (nanoseconds < 1000) {
    append_integer(out, nanoseconds);
    out += " ns";
    return;
  }
  std::uint64_t size = 1000;
  std::size_t unit = 0;
  // Up to where three digits of the smaller unit do, after rounding.
  while (unit + 1 < kUnits.size() && nanoseconds >= size * 1000 - size / 2) {
    size *= 1000;
    ++unit;
  }
  std::uint64_t divisor = size;
  std::size_t decimals = 0;
  if (nanoseconds < size / 1000 * 9'995) {
    divisor = size / 100;
    decimals = 2;
  } else if (nanoseconds < size / 1000 * 99'950) {
    divisor = size / 10;
    decimals = 1;
  }
  const std::uint64_t rounded =
      nanoseconds / divisor + (nanoseconds % divisor >= divisor / 2 ? 1 : 0);
  append_integer(out, rounded);
  if (decimals != 0) out.insert(out.size() - decimals, 1, '.');
  out += kUnits[unit];
}

std::string humanize(const Value& value, Unit unit) {
  std::string out;
  LocalTime time;
  append_humanized(out, value, unit, time);
  return out;
}

void append_humanized(std::string& out, const Value& value, Unit unit, LocalTime& time) {
  std::visit(
      [&](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          out += '-';
        } else if constexpr (std::is_same_v<Held, bool>) {
          out += held ? "yes" : "no";
        } else if constexpr (std::is_same_v<Held, std::string>) {
          text::append_printable(out, held);
        } else if constexpr (std::is_same_v<Held, std::vector<std::string>>) {
          for (std::size_t i = 0; i < held.size(); ++i) {
            if (i != 0) out += ", ";
            text::append_printable(out, held[i]);
          }
        } else if constexpr (std::is_integral_v<Held>) {
          append_whole(out, held, unit, time);
        } else {
          out += humanize_number(held, unit);
        }
      },
      value);
}

}  // namespace sonde::render
