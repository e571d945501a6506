// The kinds of values that settings have. Each is what config::field() asks for.
#pragma once

#include <chrono>
#include <optional>
#include <sonde/config.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/json_field.hpp"

namespace sonde::config {

struct Boolean {
  static Result<bool> read(const JsonSetting& setting) { return setting.boolean(); }
  static OrderedJson write(bool value) { return value; }
  static OrderedJson schema() { return {{"type", "boolean"}}; }
};

template <const Range& range>
struct Integer {
  static Result<std::uint64_t> read(const JsonSetting& setting) { return setting.integer(range); }
  static OrderedJson write(std::uint64_t value) { return value; }
  static OrderedJson schema() {
    return {{"type", "integer"}, {"minimum", range.least}, {"maximum", range.most}};
  }
};

template <const double& most>
struct Number {
  static Result<double> read(const JsonSetting& setting) { return setting.number(most); }
  static OrderedJson write(double value) { return value; }
  static OrderedJson schema() { return {{"type", "number"}, {"minimum", 0}, {"maximum", most}}; }
};

/// Null where what else is set decides.
template <class Kind>
struct Optional {
  using Value = typename decltype(Kind::read(std::declval<JsonSetting>()))::value_type;

  static Result<std::optional<Value>> read(const JsonSetting& setting) {
    if (setting.is_null()) return std::nullopt;
    return Kind::read(setting);
  }
  static OrderedJson write(std::optional<Value> value) {
    return value ? Kind::write(*value) : OrderedJson();
  }
  static OrderedJson schema() {
    OrderedJson schema = Kind::schema();
    OrderedJson& type = schema["type"];
    type = OrderedJson::array({type, "null"});
    return schema;
  }
};

struct Text {
  static Result<std::string> read(const JsonSetting& setting) { return setting.string(); }
  static OrderedJson write(const std::string& value) { return value; }
  static OrderedJson schema() { return {{"type", "string"}}; }
};

/// None of them empty.
struct Texts {
  static Result<std::vector<std::string>> read(const JsonSetting& setting);
  static OrderedJson write(const std::vector<std::string>& values) { return values; }
  static OrderedJson schema();
};

/// Above zero.
struct Duration {
  static Result<std::chrono::nanoseconds> read(const JsonSetting& setting) {
    return setting.duration();
  }
  static OrderedJson write(std::chrono::nanoseconds value);
  static OrderedJson schema();
};

/// Zero is no threshold.
struct TimeThreshold : Duration {
  static Result<std::chrono::nanoseconds> read(const JsonSetting& setting) {
    return setting.duration_or_zero();
  }
};

struct ProcessIds {
  static Result<std::vector<int>> read(const JsonSetting& setting);
  static OrderedJson write(const std::vector<int>& pids) { return pids; }
  static OrderedJson schema();
};

struct Ports {
  static Result<std::vector<std::uint16_t>> read(const JsonSetting& setting);
  static OrderedJson write(const std::vector<std::uint16_t>& ports) { return ports; }
  static OrderedJson schema();
};

struct SyscallGroups {
  static Result<std::vector<SyscallGroup>> read(const JsonSetting& setting);
  static OrderedJson write(const std::vector<SyscallGroup>& groups);
  static OrderedJson schema();
};

/// One of a few words.
template <class Enum, Result<Enum> (*parse)(std::string_view), std::string_view (*name_of)(Enum),
          std::vector<std::string_view> (*names)()>
struct Choice {
  static Result<Enum> read(const JsonSetting& setting) {
    const auto name = setting.string();
    if (!name) return tl::unexpected(name.error());
    auto value = parse(*name);
    if (!value) return setting.fail(value.error().what, value.error().hint);
    return value;
  }
  static OrderedJson write(Enum value) { return name_of(value); }
  static OrderedJson schema() { return {{"enum", names()}}; }
};

}  // namespace sonde::config
