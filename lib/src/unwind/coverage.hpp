// Which FDE speaks for which addresses, where several do.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "unwind/fde_rows.hpp"

namespace sonde::unwind {

/// Addresses for which one FDE speaks. Pieces are never empty.
struct Piece {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  FdeRows fde;
};

/// Ascending and without overlap. Of several FDEs that cover an address, the one with the highest
/// start speaks, and of several with the same start the first in the file. `fdes` are in the order
/// of the file, and are sorted.
std::vector<Piece> resolve(std::vector<FdeRows>& fdes);

/// Adds to `pieces` what `others` say of addresses that no piece covers.
void fill_gaps(std::vector<Piece>& pieces, std::span<const Piece> others);

}  // namespace sonde::unwind
