// The machine that a line program runs on (DWARF 5, 6.2.5).
#pragma once

#include <cstdint>
#include <vector>

#include "dwarf/cursor.hpp"

namespace sonde::dwarf {

struct LineEncoding {
  std::uint8_t shortest_instruction = 1;
  std::int8_t line_base = 0;
  std::uint8_t line_range = 1;
  std::uint8_t opcode_base = 1;
  std::uint8_t address_size = 8;
  std::vector<std::uint8_t> operand_counts;  // of the standard opcodes, from 1
};

class LineMachine {
 public:
  /// `encoding` outlives it.
  explicit LineMachine(const LineEncoding& encoding) : encoding_(encoding) {}

  struct State {
    std::uint64_t address = 0;
    std::uint64_t file = 1;
    std::uint64_t line = 1;
    bool ends_sequence = false;
  };
  const State& state() const noexcept { return state_; }

  /// Runs one instruction; whether the state is a row now.
  bool step(Cursor& cursor);
  void restart() noexcept { state_ = {}; }

 private:
  bool extended(Cursor& cursor);
  void advance(std::uint64_t operation) noexcept {
    state_.address += operation * encoding_.shortest_instruction;
  }
  std::uint64_t operation_of(unsigned opcode) const noexcept {
    return (opcode - encoding_.opcode_base) / encoding_.line_range;
  }

  const LineEncoding& encoding_;
  State state_;
};

}  // namespace sonde::dwarf
