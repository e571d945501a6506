// Arguments whose meaning other arguments decide.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "syscalls/decode.hpp"
#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// Empty if the call does not take the argument; {} if the kind is none of these.
std::optional<std::string> dependent_text(const Call& call, Arg kind, std::size_t argument);

/// Of clone(): in the order of strace, by name, and only those that the flags ask for.
std::vector<std::string> clone_arguments(const Call& call);

}  // namespace sonde::syscalls
