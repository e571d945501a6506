#include "syscalls/pieces.hpp"

#include <cstring>
#include <map>

namespace sonde::syscalls {

bool parse_pieces(std::span<const std::byte> bytes, std::vector<Piece>& pieces, bool at_end) {
  while (!bytes.empty()) {
    sonde_call_piece piece{};
    if (bytes.size() < sizeof(piece)) return false;
    std::memcpy(&piece, bytes.data(), sizeof(piece));
    bytes = bytes.subspan(sizeof(piece));
    const std::size_t padded = (std::size_t{piece.length} + 7) / 8 * 8;
    if (padded > bytes.size()) return false;
    pieces.push_back({piece.address, piece.argument, piece.index, piece.flags,
                      bytes.first(piece.length), at_end});
    bytes = bytes.subspan(padded);
  }
  return true;
}

const Piece* ArgumentPieces::at_begin(std::uint8_t index) const noexcept {
  for (const Piece& piece : pieces_) {
    if (piece.argument == argument_ && piece.index == index && !piece.at_end && piece.readable())
      return &piece;
  }
  return nullptr;
}

const Piece* ArgumentPieces::at_end(std::uint8_t index) const noexcept {
  for (const Piece& piece : pieces_) {
    if (piece.argument == argument_ && piece.index == index && piece.at_end && piece.readable())
      return &piece;
  }
  return nullptr;
}

const Piece* ArgumentPieces::any(std::uint8_t index) const noexcept {
  const Piece* const begin = at_begin(index);
  return begin != nullptr ? begin : at_end(index);
}

std::vector<Piece> ArgumentPieces::elements() const {
  std::map<std::uint8_t, Piece> by_index;
  for (const Piece& piece : pieces_) {
    if (piece.argument != argument_ || piece.index >= SONDE_PIECE_FILE) continue;
    const auto [found, added] = by_index.try_emplace(piece.index, piece);
    if (!added && !found->second.readable()) found->second = piece;
  }
  std::vector<Piece> elements;
  for (const auto& [index, piece] : by_index)
    elements.push_back(piece);
  return elements;
}

}  // namespace sonde::syscalls
