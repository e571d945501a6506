#include "dwarf/enclosing_names.hpp"

#include <utility>

#include "dwarf/constants.hpp"
#include "dwarf/cursor.hpp"
#include "dwarf/text_place.hpp"

namespace sonde::dwarf {
namespace {

constexpr std::size_t kMostEnclosing = 32;
constexpr std::size_t kLongest = 4096;

bool encloses(std::uint64_t kind) {
  return kind == tag::kNamespace || kind == tag::kClassType || kind == tag::kStructureType ||
         kind == tag::kUnionType || kind == tag::kEnumerationType;
}

struct Enclosing {
  std::uint64_t depth = 0;  // of what is in it
  bool is_namespace = false;
  Value name;
};

/// Entry by entry to the last that is wanted.
class Walk {
 public:
  Walk(const DebugSections& sections, const DebugSections* alternate, const UnitRoot& root,
       Budget& budget)
      : sections_(sections), alternate_(alternate), root_(root), budget_(budget) {}

  std::vector<std::string> run(std::span<const std::uint64_t> entries) {
    std::vector<std::string> found(entries.size());
    Cursor cursor(sections_.info, root_.unit.first_entry, root_.unit.end);
    std::size_t next = 0;
    std::uint64_t depth = 0;
    while (next < entries.size() && !cursor.at_end() && budget_.spend()) {
      const std::uint64_t entry = cursor.position();
      while (next < entries.size() && entries[next] < entry)
        ++next;
      if (next < entries.size() && entries[next] == entry) found[next] = joined();
      const std::uint64_t code = cursor.uleb();
      if (code == 0) {
        if (depth == 0) break;
        while (!enclosing_.empty() && enclosing_.back().depth >= depth)
          enclosing_.pop_back();
        --depth;
        continue;
      }
      const Abbreviation* const abbreviation = root_.abbreviations->find(code);
      if (abbreviation == nullptr) break;
      Enclosing inner = read(cursor, *abbreviation);
      if (!abbreviation->has_children) continue;
      inner.depth = ++depth;
      if (encloses(abbreviation->tag) && enclosing_.size() < kMostEnclosing) {
        enclosing_.push_back(inner);
      }
    }
    return found;
  }

 private:
  Enclosing read(Cursor& cursor, const Abbreviation& of) const {
    Enclosing inner;
    if (!encloses(of.tag)) {
      skip_attributes(cursor, *root_.abbreviations, of, root_.unit);
      return inner;
    }
    inner.is_namespace = of.tag == tag::kNamespace;
    for (const AttributeSpec& spec : root_.abbreviations->attributes(of)) {
      const Value value = read_value(cursor, spec, root_.unit);
      if (spec.name == attribute::kName) inner.name = value;
    }
    return inner;
  }

  std::string joined() const {
    std::string text;
    for (const Enclosing& around : enclosing_) {
      const auto place = text_place(around.name, root_, sections_.info, sections_, alternate_);
      if (place) {
        text += place->section->string_at(place->offset);
      } else if (around.is_namespace) {
        text += "(anonymous namespace)";
      } else {
        continue;
      }
      text += "::";
      if (text.size() > kLongest) return {};
    }
    return text;
  }

  const DebugSections& sections_;
  const DebugSections* alternate_;
  const UnitRoot& root_;
  Budget& budget_;
  std::vector<Enclosing> enclosing_;
};

}  // namespace

std::vector<std::string> find_enclosing_names(const DebugSections& sections,
                                              const DebugSections* alternate, const UnitRoot& root,
                                              std::span<const std::uint64_t> entries,
                                              Budget& budget) {
  return Walk(sections, alternate, root, budget).run(entries);
}

}  // namespace sonde::dwarf
