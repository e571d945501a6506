// Values of socket options, as strace prints them.
#pragma once

#include <cstdint>
#include <string>

#include "syscalls/pieces.hpp"

namespace sonde::syscalls {

/// `level` and `option` as getsockopt() and setsockopt() take them.
std::string socket_option_value(std::uint64_t level, std::uint64_t option, const Piece& value);

}  // namespace sonde::syscalls
