// What calls that wait for descriptors, signals and times take, as strace prints it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "syscalls/pieces.hpp"
#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

/// As struct_text().
std::string event_struct_text(Arg kind, std::span<const std::byte> bytes);

/// An array of struct pollfd: what was asked for.
std::string polled_text(const Piece& piece);
/// The descriptors of it that are ready.
std::string ready_text(const Piece& piece);

/// The numbers of the bits that are set: "[3 4]".
std::string bit_numbers(const Piece& piece);

}  // namespace sonde::syscalls
