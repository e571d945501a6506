#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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
/// In quotes, each byte in hexadecimal.
std::string quoted_hex(std::string_view bytes, bool cut);

/// In hexadecimal, or NULL.
std::string address_text(std::uint64_t value);
std::string timespec_text(std::span<const std::byte> bytes);
std::string timeval_text(std::span<const std::byte> bytes);
/// struct flock
std::string lock_struct_text(std::span<const std::byte> bytes, bool with_holder);
/// struct ucred
std::string credentials_text(std::span<const std::byte> bytes);
/// Whether open() with these flags looks at a mode.
bool creates_file(std::uint64_t open_flags);

/// False if the bytes are too few.
template <class T>
bool read_as(std::span<const std::byte> bytes, T& value) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return true;
}

}  // namespace sonde::syscalls
