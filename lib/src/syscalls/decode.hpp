// A call as strace would print it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "syscalls/call_names.hpp"
#include "syscalls/pieces.hpp"

namespace sonde::syscalls {

struct Call {
  CallId id;
  std::array<std::uint64_t, 6> args{};
  /// As the kernel returns it.
  std::int64_t result = 0;
  /// False: it never returned, or has not yet.
  bool returned = true;
  /// False: the arguments are not known.
  bool begun = true;
  std::span<const Piece> pieces;
};

struct DecodedCall {
  std::vector<std::string> arguments;
  /// -1 for an error; empty if it did not return.
  std::optional<std::int64_t> result;
  std::string result_text;
  std::string error;
};

DecodedCall decode(const Call& call);

}  // namespace sonde::syscalls
