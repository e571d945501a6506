// Where the jump of a switch statement leads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "elf/image.hpp"

namespace sonde::probe {

/// The destinations of the computed jump at `code[instructions[jump]]`. `code` lies at `address`,
/// and `instructions` are the places in it at which instructions begin. Known is what gcc and clang
/// write for code that can lie anywhere: a check of the number against that of the entries, and a
/// sum of the table's address and an entry of 4 bytes. Empty if it is another jump.
std::vector<std::uint64_t> read_jump_table(const elf::Image& image, std::span<const std::byte> code,
                                           std::uint64_t address,
                                           std::span<const std::size_t> instructions,
                                           std::size_t jump);

}  // namespace sonde::probe
