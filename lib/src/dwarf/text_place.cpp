#include "dwarf/text_place.hpp"

#include "dwarf/cursor.hpp"

namespace sonde::dwarf {
namespace {

std::optional<TextPlace> indexed(const UnitRoot& root, const DebugSections& sections,
                                 std::uint64_t index) {
  const std::uint8_t size = root.unit.offset_size();
  if (index > sections.str_offsets.size() / size) return std::nullopt;
  Cursor cursor(sections.str_offsets, root.str_offsets_base + index * size,
                sections.str_offsets.size(), sizeof(std::uint64_t));
  const std::uint64_t offset = cursor.read_offset(root.unit.is_64);
  if (cursor.failed()) return std::nullopt;
  return TextPlace{&sections.str, offset};
}

}  // namespace

std::optional<TextPlace> text_place(const Value& value, const UnitRoot& root, const Section& here,
                                    const DebugSections& sections, const DebugSections* alternate) {
  switch (value.kind) {
    case Value::Kind::text_here:
      return TextPlace{&here, value.number};
    case Value::Kind::text:
      return TextPlace{&sections.str, value.number};
    case Value::Kind::line_text:
      return TextPlace{&sections.line_str, value.number};
    case Value::Kind::alternate_text:
      if (alternate == nullptr) return std::nullopt;
      return TextPlace{&alternate->str, value.number};
    case Value::Kind::text_index:
      return indexed(root, sections, value.number);
    default:
      return std::nullopt;
  }
}

}  // namespace sonde::dwarf
