// What happened to each key of a configuration file that was migrated, for people and programs.
#pragma once

#include <string>
#include <string_view>

#include "config/migrate.hpp"

namespace sonde::config {

/// Lines of text.
std::string report_text(std::string_view file, const Migration& migration);

/// One object on one line: file, already_new, keys, lost_comments.
std::string report_json(std::string_view file, const Migration& migration);

}  // namespace sonde::config
