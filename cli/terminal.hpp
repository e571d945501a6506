#pragma once

#include <cstddef>
#include <sonde/error.hpp>
#include <string_view>

namespace sonde::cli {

bool is_terminal(int fd) noexcept;

/// Columns of the terminal behind `fd`; 0 if it is none.
std::size_t terminal_width(int fd) noexcept;

/// The terminal understands escape sequences: TERM is set and not "dumb".
bool understands_escapes() noexcept;

/// For --color auto|always|never. `auto` colours a capable terminal unless NO_COLOR is set
/// (https://no-color.org). ConfigError for any other word.
Result<bool> use_color(std::string_view choice, int fd);

}  // namespace sonde::cli
