#pragma once

#include <sonde/config.hpp>
#include <string>
#include <vector>

namespace sonde::cli {

/// config::overlay_json() on a file's text; errors begin with the file's name. What cannot be read
/// and what is larger than a configuration can be is a ConfigError, too.
Result<std::vector<std::string>> overlay_config_file(const std::string& path, EbpfConfig& config);

}  // namespace sonde::cli
