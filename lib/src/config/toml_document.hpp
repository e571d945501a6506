// TOML, in which v0.0.x configurations may be written, as the tree that JSON gives.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <sonde/error.hpp>
#include <string_view>

namespace sonde::config {

/// As strict as parse_json_document(). ConfigError with line and column where the text is not TOML,
/// with the path where a value is a date or a time, or the nesting too deep.
Result<nlohmann::json> parse_toml_document(std::string_view text, std::size_t max_bytes);

}  // namespace sonde::config
