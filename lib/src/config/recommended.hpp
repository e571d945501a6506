#pragma once

#include <span>
#include <string_view>

namespace sonde::config {

/// The settings that recommended_config() sets, by their paths.
std::span<const std::string_view> recommended_settings() noexcept;

}  // namespace sonde::config
