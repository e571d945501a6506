// A call as strace would print it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "syscalls/call_names.hpp"

namespace sonde::syscalls {

/// Memory that an argument points to.
struct Piece {
  std::uint64_t address = 0;
  std::uint8_t argument = 0;
  /// Of a string of argv; SONDE_PIECE_ITSELF for the argument itself.
  std::uint8_t index = 0;
  /// SONDE_PIECE_*
  std::uint8_t flags = 0;
  std::span<const std::byte> bytes;
};

/// Appends the pieces that follow a record. False if they do not fit; those before stay.
bool parse_pieces(std::span<const std::byte> bytes, std::vector<Piece>& pieces);

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
