#include "dwarf/line_machine.hpp"

#include "dwarf/constants.hpp"

namespace sonde::dwarf {

bool LineMachine::step(Cursor& cursor) {
  const unsigned opcode = cursor.read<std::uint8_t>();
  if (opcode >= encoding_.opcode_base) {
    advance(operation_of(opcode));
    state_.line += static_cast<std::uint64_t>(
        encoding_.line_base +
        static_cast<int>((opcode - encoding_.opcode_base) % encoding_.line_range));
    return true;
  }
  switch (opcode) {
    case line_opcode::kExtended:
      return extended(cursor);
    case line_opcode::kCopy:
      return true;
    case line_opcode::kAdvancePc:
      advance(cursor.uleb());
      return false;
    case line_opcode::kAdvanceLine:
      state_.line += static_cast<std::uint64_t>(cursor.sleb());
      return false;
    case line_opcode::kSetFile:
      state_.file = cursor.uleb();
      return false;
    case line_opcode::kConstAddPc:
      advance(operation_of(255));
      return false;
    case line_opcode::kFixedAdvancePc:
      state_.address += cursor.read<std::uint16_t>();
      return false;
    default:
      for (unsigned i = 0; i < encoding_.operand_counts[opcode - 1]; ++i)
        cursor.uleb();
      return false;
  }
}

bool LineMachine::extended(Cursor& cursor) {
  const std::uint64_t length = cursor.uleb();
  if (length == 0) return false;
  const std::uint64_t end = cursor.position() + length;
  const auto opcode = cursor.read<std::uint8_t>();
  if (opcode == line_opcode::kEndSequence) state_.ends_sequence = true;
  if (opcode == line_opcode::kSetAddress) {
    state_.address = cursor.read_address(
        static_cast<std::uint8_t>(length - 1 <= 8 ? length - 1 : encoding_.address_size));
  }
  if (cursor.position() > end) {
    cursor.fail();
  } else {
    cursor.skip(end - cursor.position());
  }
  return opcode == line_opcode::kEndSequence;
}

}  // namespace sonde::dwarf
