#include "config/json_setting.hpp"

#include <fmt/format.h>

#include <limits>

#include "util/duration.hpp"
#include "util/fail.hpp"
#include "util/text.hpp"

namespace sonde::config {
namespace {

using nlohmann::json;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// As it stands in the file, short enough for one line of a terminal.
std::string shown(const json& value) {
  constexpr std::size_t kWidth = 40;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  return text::fit(value.dump(-1, ' ', false, json::error_handler_t::replace), kWidth);
}

// Without an exponent, which durations do not have.
std::string seconds_text(const json& number) {
  constexpr double kManyYears = 1e12;
  const auto value = number.get<double>();
  const bool plain = !number.is_number_float() || value > kManyYears || value < -kManyYears;
  return plain ? number.dump() : fmt::format("{:.9f}", value);
}

}  // namespace

tl::unexpected<Error> JsonSetting::fail(std::string_view why, std::string hint) const {
  return sonde::fail(ErrorCode::ConfigError,
                     path_.empty() ? std::string(why) : fmt::format("{}: {}", path_, why),
                     std::move(hint));
}

tl::unexpected<Error> JsonSetting::wrong_type(std::string_view expected) const {
  return fail(fmt::format("expected {}, found {}", expected, shown(value_)));
}

std::string JsonSetting::member_path(std::string_view key) const {
  const std::string name = text::printable(key);
  return path_.empty() ? name : fmt::format("{}.{}", path_, name);
}

Result<bool> JsonSetting::boolean() const {
  if (!value_.is_boolean()) return wrong_type("true or false");
  return value_.get<bool>();
}

Result<std::uint64_t> JsonSetting::integer(Range range) const {
  if (!value_.is_number_integer()) return wrong_type("a whole number");
  if (!value_.is_number_unsigned()) {
    return fail(fmt::format("{} is negative, but must be from {} to {}", shown(value_), range.least,
                            range.most));
  }
  const auto number = value_.get<std::uint64_t>();
  if (auto checked = check_range(path_, number, range); !checked) {
    return tl::unexpected(std::move(checked.error()));
  }
  return number;
}

Result<double> JsonSetting::number(double most) const {
  if (!value_.is_number()) return wrong_type("a number");
  const auto number = value_.get<double>();
  if (number < 0 || number > most) {
    return fail(fmt::format("{} is not from 0 to {}", shown(value_), most));
  }
  return number;
}

Result<std::string> JsonSetting::string() const {
  if (!value_.is_string()) return wrong_type("a string");
  auto text = value_.get<std::string>();
  if (text.find('\0') != std::string::npos) return fail("contains a NUL character");
  return text;
}

Result<nanoseconds> JsonSetting::duration() const {
  auto result = duration_or_zero();
  if (result && result->count() == 0) return fail("must be above zero");
  return result;
}

Result<nanoseconds> JsonSetting::duration_or_zero() const {
  nanoseconds result{0};
  if (value_.is_string() || value_.is_number()) {
    const std::string text = value_.is_string() ? value_.get<std::string>() : seconds_text(value_);
    auto parsed = parse_duration(text);
    if (!parsed) return fail(parsed.error().what, std::move(parsed.error().hint));
    result = *parsed;
    return result;
  }
  const auto fields = members();
  if (!fields) return wrong_type(R"(a duration such as "60s", 60 or {"secs": 60, "nanos": 0})");
  for (const JsonSetting& field : *fields) {
    const bool whole = field.key() == "secs";
    if (!whole && field.key() != "nanos") {
      return field.fail("unknown key", "A duration has the keys secs and nanos");
    }
    const auto count = field.integer(whole ? kSeconds : kNanos);
    if (!count) return tl::unexpected(count.error());
    result += whole ? nanoseconds(seconds(*count)) : nanoseconds(*count);
  }
  return result;
}

Result<std::vector<JsonSetting>> JsonSetting::elements() const {
  if (!value_.is_array()) return wrong_type("an array");
  std::vector<JsonSetting> all;
  all.reserve(value_.size());
  for (const json& element : value_) {
    all.emplace_back(element, fmt::format("{}[{}]", path_, all.size()));
  }
  return all;
}

Result<std::vector<JsonSetting>> JsonSetting::members() const {
  if (!value_.is_object()) return wrong_type("an object");
  std::vector<JsonSetting> all;
  all.reserve(value_.size());
  for (const auto& [key, member] : value_.items())
    all.emplace_back(member, member_path(key), key);
  return all;
}

}  // namespace sonde::config
