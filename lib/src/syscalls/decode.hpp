// A call as strace would print it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "syscalls/call_names.hpp"
#include "syscalls/pieces.hpp"

namespace sonde::syscalls {

/// What a descriptor stands for: file_text().
struct CallFile {
  /// As of a piece: the argument, SONDE_PIECE_RESULT or SONDE_PIECE_SECOND.
  std::uint8_t argument = 0;
  std::string_view text;
};

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
  std::span<const CallFile> files;

  /// Empty if it is not known.
  std::string_view file(std::size_t argument) const noexcept {
    for (const CallFile& file : files) {
      if (file.argument == argument) return file.text;
    }
    return {};
  }
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
