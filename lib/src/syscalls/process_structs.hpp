// What calls for processes and the system take and fill, as strace prints it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// As struct_text().
std::string process_struct_text(Arg kind, std::span<const std::byte> bytes);

}  // namespace sonde::syscalls
