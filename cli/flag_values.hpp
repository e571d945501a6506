// The values of flags as text to what they mean. Errors are ConfigErrors that begin with the flag.
#pragma once

#include <chrono>
#include <cstdint>
#include <sonde/error.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/limits.hpp"

namespace sonde::cli {

/// A duration above zero.
Result<std::chrono::nanoseconds> parse_time(std::string_view flag, std::string_view text);

Result<std::uint64_t> parse_count(std::string_view flag, std::string_view text,
                                  config::Range range);

/// A number of bytes, or of K, M or G, which are powers of 1024.
Result<std::uint64_t> parse_size(std::string_view flag, std::string_view text, config::Range range);

/// What stands between the commas of each text, in order; none of it may be empty.
Result<std::vector<std::string>> split_lists(std::string_view flag,
                                             const std::vector<std::string>& texts);

}  // namespace sonde::cli
