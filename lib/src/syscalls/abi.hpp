// The tables of an architecture: one file abi_<cpu family>.cpp defines the first three.
#pragma once

#include <span>
#include <string_view>

namespace sonde::syscalls {

/// By number; empty where a number has no call.
std::span<const std::string_view> native_names() noexcept;
/// Of 32-bit programs.
std::span<const std::string_view> compat_names() noexcept;
/// What stands before the name of a 32-bit call, such as "i386:".
std::string_view compat_prefix() noexcept;
/// By opcode.
std::span<const std::string_view> uring_names() noexcept;

}  // namespace sonde::syscalls
