// One value of a configuration file together with its path, and typed ways to read it.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <sonde/error.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/limits.hpp"

namespace sonde::config {

class JsonSetting {
 public:
  JsonSetting(const nlohmann::json& value, std::string path, std::string_view key = {})
      : value_(value), path_(std::move(path)), key_(key) {}

  const std::string& path() const noexcept { return path_; }

  bool is_null() const noexcept { return value_.is_null(); }
  Result<bool> boolean() const;
  Result<std::uint64_t> integer(Range range) const;
  /// With a fraction or without, not negative, at most `most`.
  Result<double> number(double most) const;
  /// Without NUL characters, which would cut a path or name short in a system call.
  Result<std::string> string() const;
  /// "500ms", a number of seconds, or {"secs": 60, "nanos": 0}; above zero.
  Result<std::chrono::nanoseconds> duration() const;
  Result<std::chrono::nanoseconds> duration_or_zero() const;
  Result<std::vector<JsonSetting>> elements() const;
  /// In key order.
  Result<std::vector<JsonSetting>> members() const;

  /// The member's name as it stands in the document, which must outlive it; empty for the root and
  /// for elements.
  std::string_view key() const noexcept { return key_; }

  /// ConfigError that begins with the path.
  tl::unexpected<Error> fail(std::string_view why, std::string hint = {}) const;

 private:
  tl::unexpected<Error> wrong_type(std::string_view expected) const;
  std::string member_path(std::string_view key) const;

  const nlohmann::json& value_;
  std::string path_;
  std::string_view key_;
};

}  // namespace sonde::config
