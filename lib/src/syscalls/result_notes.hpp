#pragma once

#include <string>

#include "syscalls/decode.hpp"
#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// What strace adds to the result of a call that succeeded: "Timeout", "in [3]". Empty for most.
std::string result_note(const Call& call, const Signature& signature);

/// Whether the result is flags, which are shown in hexadecimal.
bool shows_flags(const Call& call, const Signature& signature);

}  // namespace sonde::syscalls
