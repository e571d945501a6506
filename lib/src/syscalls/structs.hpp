#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// A struct of the native ABI that an argument points to, as strace prints it. Empty if the bytes
/// are too few, or the kind is no struct.
std::string struct_text(Arg kind, std::span<const std::byte> bytes);

/// In quotes, with C escapes.
std::string quoted(std::string_view bytes, bool cut);

}  // namespace sonde::syscalls
