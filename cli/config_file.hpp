#pragma once

#include <sonde/config.hpp>
#include <string>
#include <vector>

namespace sonde::cli {

/// The whole text, but no more of it than a configuration can be long by one byte. ConfigError that
/// begins with the file's name. "-" is stdin.
Result<std::string> read_config_text(const std::string& path);

/// config::overlay_json() on a file's text; errors begin with the file's name. What cannot be read
/// and what is larger than a configuration can be is a ConfigError, too.
Result<std::vector<std::string>> overlay_config_file(const std::string& path, EbpfConfig& config);

}  // namespace sonde::cli
