// Tables of named values, for the files that hold them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "syscalls/signatures.hpp"

namespace sonde::syscalls {

struct Name {
  std::uint64_t value;
  std::string_view name;
};

#define NAMED(constant) \
  { static_cast<std::uint64_t>(constant), #constant }

/// How the values of a kind of argument are named.
struct NamedKind {
  Arg kind;
  std::span<const Name> names;
  /// Names are of bits; else of whole values.
  bool flags = false;
  /// What strace says in a comment after a value without a name: "SIG_???".
  std::string_view unknown;
  /// For no bit at all.
  std::string_view none = "0";
};

/// The name, or the number in hexadecimal.
std::string one_of(std::span<const Name> names, std::uint64_t value, std::string_view unknown = {});

/// Appends the names of the bits, and what is left in hexadecimal.
void add_bits(std::string& text, std::span<const Name> names, std::uint64_t value,
              std::string_view unknown = {});

std::string bits(std::span<const Name> names, std::uint64_t value, std::string_view unknown = {},
                 std::string_view none = "0");

/// Empty if the kind is not in the list. Of a value, the lower half counts.
std::string named_by(std::span<const NamedKind> kinds, Arg kind, std::uint64_t value);

}  // namespace sonde::syscalls
