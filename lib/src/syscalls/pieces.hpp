// What the kernel read of the memory that a call's arguments point to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "syscall_event.h"

namespace sonde::syscalls {

/// Memory that an argument points to.
struct Piece {
  std::uint64_t address = 0;
  std::uint8_t argument = 0;
  /// Of an element behind the argument, or SONDE_PIECE_ITSELF and its like.
  std::uint8_t index = 0;
  /// SONDE_PIECE_*
  std::uint8_t flags = 0;
  std::span<const std::byte> bytes;
  /// Read when the call was over.
  bool at_end = false;

  bool readable() const noexcept {
    return (flags & (SONDE_PIECE_UNREADABLE | SONDE_PIECE_NO_ROOM | SONDE_PIECE_MORE)) == 0;
  }
  bool cut() const noexcept { return (flags & SONDE_PIECE_CUT) != 0; }
  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// Appends the pieces that follow a record. False if they do not fit; those before stay.
bool parse_pieces(std::span<const std::byte> bytes, std::vector<Piece>& pieces,
                  bool at_end = false);

/// The pieces of one argument, which may have been unreadable at the begin of the call and been
/// read at its end.
class ArgumentPieces {
 public:
  ArgumentPieces(std::span<const Piece> pieces, std::size_t argument) noexcept
      : pieces_(pieces), argument_(argument) {}

  /// nullptr where nothing could be read.
  const Piece* at_begin(std::uint8_t index = SONDE_PIECE_ITSELF) const noexcept;
  const Piece* at_end(std::uint8_t index = SONDE_PIECE_ITSELF) const noexcept;
  /// Of what the call does not change: whenever it was read.
  const Piece* any(std::uint8_t index = SONDE_PIECE_ITSELF) const noexcept;

  /// Of elements by index: the readable piece, else one that says why there is none.
  std::vector<Piece> elements() const;

  std::span<const Piece> all() const noexcept { return pieces_; }
  std::size_t argument() const noexcept { return argument_; }

 private:
  std::span<const Piece> pieces_;
  std::size_t argument_;
};

}  // namespace sonde::syscalls
