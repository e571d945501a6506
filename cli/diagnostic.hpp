// Messages on stderr: one line each, begun by the program's name, safe to print on a terminal.
#pragma once

#include <sonde/error.hpp>
#include <string_view>

namespace sonde::cli {

/// "sonde: <message>".
void say(std::string_view message);

/// "sonde: <error>", then the error's evidence (the verifier's log) if it has any.
void say(const Error& error);

/// Text that the user asked for, on stdout. OutputFailed if it cannot be written.
Result<void> print(std::string_view text);

}  // namespace sonde::cli
