#include "dwarf/line_program.hpp"

#include <algorithm>
#include <utility>

#include "dwarf/constants.hpp"
#include "dwarf/line_machine.hpp"
#include "dwarf/text_place.hpp"

namespace sonde::dwarf {
namespace {

constexpr std::uint32_t kFormat64 = 0xffffffff;
constexpr std::size_t kHeader = 4096;  // few are longer
constexpr std::size_t kMostNames = std::size_t{1} << 20;

}  // namespace

std::optional<LineProgram> LineProgram::open(const DebugSections& sections, const UnitRoot& root,
                                             Budget& budget) {
  if (!root.statements) return std::nullopt;
  LineProgram program(sections, root);
  if (!program.read_header(root.statements.number, budget)) return std::nullopt;
  return program;
}

// DWARF 5, 6.2.4, and DWARF 4, 6.2.4.
bool LineProgram::read_header(std::uint64_t offset, Budget& budget) {
  Cursor cursor(sections_->line, offset, sections_->line.size(), kHeader);
  std::uint64_t length = cursor.read<std::uint32_t>();
  unit_.is_64 = length == kFormat64;
  if (unit_.is_64) length = cursor.read<std::uint64_t>();
  if (cursor.failed() || length > sections_->line.size() - cursor.position()) return false;
  end_ = cursor.position() + length;
  unit_.version = cursor.read<std::uint16_t>();
  if (unit_.version < 2 || unit_.version > 5) return false;
  if (unit_.version >= 5) {
    unit_.address_size = cursor.read<std::uint8_t>();
    cursor.skip(1);  // size of a segment selector
  }
  const std::uint64_t header = cursor.read_offset(unit_.is_64);
  if (cursor.failed() || header > end_ - cursor.position()) return false;
  start_ = cursor.position() + header;
  encoding_.shortest_instruction = cursor.read<std::uint8_t>();
  if (unit_.version >= 4) cursor.skip(1);  // operations in an instruction, for VLIW machines
  cursor.skip(1);                          // the first value of is_stmt
  encoding_.line_base = cursor.read<std::int8_t>();
  encoding_.line_range = cursor.read<std::uint8_t>();
  encoding_.opcode_base = cursor.read<std::uint8_t>();
  encoding_.address_size = unit_.address_size;
  for (int i = 1; i < encoding_.opcode_base; ++i)
    encoding_.operand_counts.push_back(cursor.read<std::uint8_t>());
  if (cursor.failed() || encoding_.line_range == 0 || encoding_.opcode_base == 0) return false;
  if (unit_.version < 5) {
    read_old_names(cursor, budget);
    return true;
  }
  return read_names(cursor, true, budget) && read_names(cursor, false, budget);
}

void LineProgram::read_old_names(Cursor& cursor, Budget& budget) {
  directories_.push_back(root_.directory);
  const auto next_name = [&]() -> Value {
    const Value name{Value::Kind::text_here, cursor.position()};
    cursor.skip_string();
    const bool empty = cursor.position() == name.number + 1;
    return empty || cursor.failed() || !budget.spend() ? Value{} : name;
  };
  while (const Value name = next_name()) {
    if (directories_.size() >= kMostNames) return;
    directories_.push_back(name);
  }
  files_.emplace_back();  // they count from 1
  while (const Value name = next_name()) {
    if (files_.size() >= kMostNames) return;
    files_.push_back({name, cursor.uleb()});
    cursor.uleb();  // time of modification
    cursor.uleb();  // length
  }
}

bool LineProgram::read_names(Cursor& cursor, bool directories, Budget& budget) {
  std::vector<AttributeSpec> format(cursor.read<std::uint8_t>());
  for (AttributeSpec& spec : format) {
    spec.name = cursor.uleb();
    spec.form = cursor.uleb();
  }
  const std::uint64_t count = cursor.uleb();
  if (count > kMostNames) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    File file;
    for (const AttributeSpec& spec : format) {
      const Value value = read_value(cursor, spec, unit_);
      if (spec.name == line_content::kPath) file.name = value;
      if (spec.name == line_content::kDirectoryIndex) file.directory = value.number;
    }
    if (cursor.failed() || !budget.spend()) return false;
    if (directories) {
      directories_.push_back(file.name);
    } else {
      files_.push_back(file);
    }
  }
  return !cursor.failed();
}

void LineProgram::find_rows(std::span<const std::uint64_t> addresses, std::span<Row> rows,
                            Budget& budget) const {
  Cursor cursor(sections_->line, start_, end_);
  LineMachine machine(encoding_);
  LineMachine::State before;
  bool in_sequence = false;
  bool is_removed = false;
  std::size_t next = 0;  // the first address that is not below `before`
  while (!cursor.at_end() && budget.spend()) {
    if (!machine.step(cursor)) continue;
    const LineMachine::State& row = machine.state();
    if (!in_sequence || row.address < before.address) {
      is_removed = row.address <= 1;  // by the linker, which put it at 0 or 1
      next = static_cast<std::size_t>(
          std::lower_bound(addresses.begin(), addresses.end(), row.address) - addresses.begin());
    } else if (!is_removed) {
      for (; next < addresses.size() && addresses[next] < row.address; ++next) {
        if (!budget.spend()) return;
        if (rows[next].line == 0 && before.line != 0) rows[next] = {before.file, before.line};
      }
    }
    before = row;
    in_sequence = !row.ends_sequence;
    if (row.ends_sequence) machine.restart();
  }
}

std::string LineProgram::text(const Value& value, const Section& here) const {
  const auto place = text_place(value, root_, here, *sections_, nullptr);
  return place ? place->section->string_at(place->offset) : std::string{};
}

std::string LineProgram::directory_name(std::uint64_t index) const {
  if (index >= directories_.size()) return {};
  // Before DWARF 5 the unit's own is an attribute of its root.
  const bool of_root = index == 0 && unit_.version < 5;
  return text(directories_[static_cast<std::size_t>(index)],
              of_root ? sections_->info : sections_->line);
}

std::string LineProgram::file_name(std::uint64_t file) const {
  if (file >= files_.size()) return {};
  const File& found = files_[static_cast<std::size_t>(file)];
  std::string path = text(found.name, sections_->line);
  for (const std::uint64_t directory : {found.directory, std::uint64_t{0}}) {
    if (path.empty() || path.starts_with('/')) break;
    const std::string name = directory_name(directory);
    if (!name.empty()) path = name + '/' + path;
    if (found.directory == 0) break;
  }
  return path;
}

}  // namespace sonde::dwarf
