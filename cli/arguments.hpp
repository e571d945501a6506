// Parses one command's flags with CLI11 and words what is wrong our way.
#pragma once

#include <sonde/error.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sonde::cli {

enum class Parsed { flags, help };

/// `name` is how the user calls the command, such as "sonde cpu". ConfigError in one line with a
/// did-you-mean.
Result<Parsed> parse_arguments(CLI::App& app, std::string_view name,
                               const std::vector<std::string>& arguments);

/// A flag's value was refused: the error begins with the flag.
tl::unexpected<Error> for_flag(std::string_view flag, Error error);

/// Options that help, completions and manual pages show. Operands are none of them.
std::vector<const CLI::Option*> visible_options(const CLI::App& app);

/// Its spellings with dashes, the short one first.
std::vector<std::string> spellings(const CLI::Option& option);

}  // namespace sonde::cli
