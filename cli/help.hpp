#pragma once

#include <string>

#include "command.hpp"

namespace sonde::cli {

/// `sonde --help`: the commands and where to read on.
std::string overview_help();

/// `sonde cpu --help`: usage, options by group, examples, units, exit statuses.
std::string command_help(const CommandEntry& entry, const CLI::App& app);

/// -h and --help, after the command's own options.
void add_help_option(CLI::App& app);

}  // namespace sonde::cli
