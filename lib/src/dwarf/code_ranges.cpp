#include "dwarf/code_ranges.hpp"

#include <limits>
#include <optional>

#include "dwarf/constants.hpp"
#include "dwarf/cursor.hpp"

namespace sonde::dwarf {
namespace {

class RangeReader {
 public:
  RangeReader(const DebugSections& sections, const UnitRoot& root, Budget& budget,
              std::vector<CodeRange>& ranges)
      : sections_(sections), root_(root), budget_(budget), ranges_(ranges), base_(root.low_pc) {}

  void read_pair(const Value& low, const Value& high) {
    const auto begin = address_of(sections_, root_, low);
    if (!begin) return;
    if (high.kind == Value::Kind::constant) {
      add_length(*begin, high.number);
    } else if (const auto end = address_of(sections_, root_, high)) {
      add(*begin, *end);
    }
  }

  // DWARF 4, 2.17.3: pairs relative to a base; one that begins with the highest address sets it.
  void read_old_list(std::uint64_t offset) {
    const std::uint8_t size = root_.unit.address_size;
    const std::uint64_t highest =
        size >= 8 ? std::numeric_limits<std::uint64_t>::max() : (std::uint64_t{1} << 8 * size) - 1;
    Cursor cursor(sections_.ranges, offset, sections_.ranges.size(), Cursor::kGlance);
    while (!cursor.failed() && budget_.spend()) {
      const std::uint64_t begin = cursor.read_address(size);
      const std::uint64_t end = cursor.read_address(size);
      if (begin == highest) {
        base_ = end;
      } else if (begin == 0 && end == 0) {
        return;
      } else {
        add(base_ + begin, base_ + end);
      }
    }
  }

  // DWARF 5, 2.17.3.
  void read_list(std::uint64_t offset) {
    const std::uint8_t size = root_.unit.address_size;
    Cursor cursor(sections_.rnglists, offset, sections_.rnglists.size(), Cursor::kGlance);
    while (!cursor.failed() && budget_.spend()) {
      switch (cursor.read<std::uint8_t>()) {
        case range_entry::kBaseAddressx:
          base_ = indexed(cursor.uleb());
          break;
        case range_entry::kStartxEndx: {
          const std::uint64_t begin = indexed(cursor.uleb());
          add(begin, indexed(cursor.uleb()));
          break;
        }
        case range_entry::kStartxLength: {
          const std::uint64_t begin = indexed(cursor.uleb());
          add_length(begin, cursor.uleb());
          break;
        }
        case range_entry::kOffsetPair: {
          const std::uint64_t begin = base_ + cursor.uleb();
          add(begin, base_ + cursor.uleb());
          break;
        }
        case range_entry::kBaseAddress:
          base_ = cursor.read_address(size);
          break;
        case range_entry::kStartEnd: {
          const std::uint64_t begin = cursor.read_address(size);
          add(begin, cursor.read_address(size));
          break;
        }
        case range_entry::kStartLength: {
          const std::uint64_t begin = cursor.read_address(size);
          add_length(begin, cursor.uleb());
          break;
        }
        default:
          return;
      }
    }
  }

  // DWARF 5, 7.28: an array of offsets, relative to its own start.
  std::optional<std::uint64_t> offset_of_list(std::uint64_t index) const {
    const std::uint8_t size = root_.unit.offset_size();
    if (index > sections_.rnglists.size() / size) return std::nullopt;
    Cursor cursor(sections_.rnglists, root_.rnglists_base + index * size, sections_.rnglists.size(),
                  sizeof(std::uint64_t));
    const std::uint64_t offset = cursor.read_offset(root_.unit.is_64);
    return cursor.failed() ? std::nullopt : std::optional(root_.rnglists_base + offset);
  }

 private:
  std::uint64_t indexed(std::uint64_t index) const {
    return address_of(sections_, root_, {Value::Kind::address_index, index}).value_or(0);
  }
  void add_length(std::uint64_t begin, std::uint64_t length) { add(begin, begin + length); }
  void add(std::uint64_t begin, std::uint64_t end) {
    if (begin > 1 && begin < end) ranges_.push_back({begin, end});
  }

  const DebugSections& sections_;
  const UnitRoot& root_;
  Budget& budget_;
  std::vector<CodeRange>& ranges_;
  std::uint64_t base_;
};

}  // namespace

void read_code_ranges(const DebugSections& sections, const UnitRoot& root, const CodePlace& place,
                      Budget& budget, std::vector<CodeRange>& ranges) {
  ranges.clear();
  RangeReader reader(sections, root, budget, ranges);
  if (!place.ranges) {
    reader.read_pair(place.low, place.high);
  } else if (place.ranges.kind == Value::Kind::range_list_index) {
    if (const auto offset = reader.offset_of_list(place.ranges.number)) reader.read_list(*offset);
  } else if (root.unit.version >= 5) {
    reader.read_list(place.ranges.number);
  } else {
    reader.read_old_list(place.ranges.number);
  }
}

}  // namespace sonde::dwarf
