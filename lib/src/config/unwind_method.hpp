// The spelling of UnwindMethod in flags and files.
#pragma once

#include <sonde/config.hpp>
#include <string_view>
#include <vector>

namespace sonde::config {

/// "auto", "cfi", "fp" or "none".
std::string_view to_string(UnwindMethod method) noexcept;

/// ConfigError with a did-you-mean for any other name.
Result<UnwindMethod> parse_unwind_method(std::string_view name);
std::vector<std::string_view> unwind_method_names();

}  // namespace sonde::config
