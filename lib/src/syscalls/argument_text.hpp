#pragma once

#include <cstddef>
#include <string>

#include "syscalls/decode.hpp"
#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// One argument as strace shows it, whatever the others are.
std::string argument_text(const Call& call, Arg kind, std::size_t argument);

/// What an argument points to, or its address.
std::string memory_text(const Call& call, Arg kind, std::size_t argument);

}  // namespace sonde::syscalls
