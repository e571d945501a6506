// How a frame is unwound, in terms that both our tables and libdw's answers can be put into.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "unwind_table.h"

namespace sonde::oracle {

struct Cfa {
  enum class Kind { based, dereferenced, plt, other, refused };
  Kind kind = Kind::other;
  std::uint64_t base = 0;
  std::int64_t offset = 0;  // plt: from which byte of a stub on a word more is on the stack
  std::int64_t add = 0;
  bool operator==(const Cfa&) const = default;
};

/// Where a caller's register is.
struct Place {
  enum class Kind { same, undefined, at_cfa, at_register, in_register, is_cfa, other };
  Kind kind = Kind::other;
  std::uint64_t base = 0;
  std::int64_t offset = 0;
  bool operator==(const Place&) const = default;
};

struct FrameRule {
  enum class Kind { none, end, signal, rule };
  Kind kind = Kind::none;
  Cfa cfa;
  Place rbp;
  Place return_address;
  Place rsp;
};

std::string to_text(const FrameRule& rule);

/// What a row's rule says.
FrameRule from_table(std::uint32_t rule, std::span<const unwind_dictionary_entry> dictionary);

}  // namespace sonde::oracle
