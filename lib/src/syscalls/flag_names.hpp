#pragma once

#include <cstdint>
#include <string>

#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// A value of a kind that has names, as strace spells it: "O_RDONLY|O_CLOEXEC", "SIGINT", "0x40"
/// for what has no name. Empty if the kind has no names.
std::string named_value(Arg kind, std::uint64_t value);

/// "S_IFREG|0644"
std::string file_mode(std::uint32_t mode);

/// "SIGINT"
std::string signal_name(int number);

}  // namespace sonde::syscalls
