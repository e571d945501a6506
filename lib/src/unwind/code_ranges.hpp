// Where functions begin and end by call frame information, which also knows those without a symbol.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "elf/image.hpp"

namespace sonde::unwind {

struct CodeRange {
  /// ELF virtual address.
  std::uint64_t start = 0;
  std::uint64_t length = 0;
};

class CodeRanges {
 public:
  /// Those in .eh_frame that can be read.
  explicit CodeRanges(const elf::Image& image);
  /// The one that holds `address`. A cold part of a function is a range of its own.
  std::optional<CodeRange> at(std::uint64_t address) const noexcept;

 private:
  std::vector<CodeRange> sorted_;
};

}  // namespace sonde::unwind
