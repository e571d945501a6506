// Shell completions, made from the same option tree that parses the command line.
#pragma once

#include <sonde/error.hpp>
#include <string>
#include <string_view>

namespace sonde::cli {

/// For "bash", "zsh" or "fish"; ConfigError for any other name.
Result<std::string> completion_script(std::string_view shell);

}  // namespace sonde::cli
