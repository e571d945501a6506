// Strict JSON: comments are allowed; duplicate keys, deep nesting and large texts are errors.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <sonde/error.hpp>
#include <string_view>

namespace sonde::config {

inline constexpr std::size_t kMaxJsonDepth = 16;

/// ConfigError with line and column where the text is not JSON, with the path where a key is
/// repeated or the nesting too deep.
Result<nlohmann::json> parse_json_document(std::string_view text, std::size_t max_bytes);

}  // namespace sonde::config
