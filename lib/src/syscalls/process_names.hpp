// Names of what calls for processes, threads, signals and timers take.
#pragma once

#include <cstdint>
#include <string>

#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// As named_value().
std::string named_process_value(Arg kind, std::uint64_t value);

}  // namespace sonde::syscalls
