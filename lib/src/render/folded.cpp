// For flamegraph.pl, speedscope and inferno: "comm;root;...;leaf count", a line for each distinct
// stack.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "render/renderer.hpp"
#include "util/fail.hpp"
#include "util/text.hpp"

namespace sonde::render {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// flamegraph.pl reads "name 12" at the end of a stack as a second count, the one of a differential
// profile.
void guard_trailing_number(std::string& name) {
  const std::size_t space = name.rfind(' ');
  if (space == std::string::npos || space + 1 == name.size()) return;
  const std::string_view tail = std::string_view(name).substr(space + 1);
  if (is_digit(tail[0]) &&
      std::all_of(tail.begin(), tail.end(), [](char c) { return is_digit(c) || c == '.'; })) {
    name[space] = '_';
  }
}

// One element of a stack: no separator in it, no line break, not empty.
std::string element(std::string_view bytes, std::string_view suffix = {}) {
  std::string name = text::printable(bytes);
  std::replace(name.begin(), name.end(), ';', ':');
  const std::size_t first = name.find_first_not_of(' ');
  if (first == std::string::npos) return std::string("[unknown]").append(suffix);
  name.erase(0, first);
  name.erase(name.find_last_not_of(' ') + 1);
  guard_trailing_number(name);
  return name.append(suffix);
}

// The annotations of stackcollapse-perf.pl --all, which flamegraph.pl's java and chain palettes
// colour.
std::string_view suffix_of(FrameKind kind) {
  switch (kind) {
    case FrameKind::kernel:
      return "_[k]";
    case FrameKind::inlined:
      return "_[i]";
    case FrameKind::jit:
      return "_[j]";
    case FrameKind::user:
    case FrameKind::unknown:
      break;
  }
  return {};
}

// Of a detail of the stack; empty if it has none to show.
std::string detail_leaf(const Column& detail, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return element("[" + *text + "]");
  const auto* flag = std::get_if<bool>(&value);
  return flag != nullptr && *flag ? element("[" + detail.key + "]") : std::string();
}

std::string fold(const StackProfile& profile, const Stack& stack) {
  std::string line = element(stack.comm);
  for (auto frame = stack.frames.rbegin(); frame != stack.frames.rend(); ++frame) {
    const Frame& named = profile.frames[*frame];
    line += ';' + element(named.name, suffix_of(named.kind));
  }
  for (std::size_t i = 0; i < std::min(profile.details.size(), stack.details.size()); ++i) {
    const std::string leaf = detail_leaf(profile.details[i], stack.details[i]);
    if (!leaf.empty()) line += ';' + leaf;
  }
  return line;
}

bool folds(const Section& section) {
  const auto* table = std::get_if<Table>(&section);
  return table != nullptr && !table->fold_frames.empty();
}

std::size_t column_of(const Table& table, std::string_view key) {
  return static_cast<std::size_t>(std::ranges::find(table.columns, key, &Column::key) -
                                  table.columns.begin());
}

std::string frame_text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text != nullptr) return element(*text);
  const auto* number = std::get_if<std::uint64_t>(&value);
  return number != nullptr ? element(fmt::format("{}", *number)) : element({});
}

void add_rows(const Table& table, std::map<std::string, std::uint64_t>& lines) {
  for (const std::vector<Value>& row : table.rows) {
    std::string line;
    for (const std::string& key : table.fold_frames) {
      const std::size_t column = column_of(table, key);
      line += (line.empty() ? "" : ";") + frame_text(column < row.size() ? row[column] : Value{});
    }
    std::uint64_t weight = 0;
    for (const std::string& key : table.fold_weights) {
      const std::size_t column = column_of(table, key);
      if (column >= row.size()) continue;
      if (const auto* number = std::get_if<std::uint64_t>(&row[column])) weight += *number;
    }
    if (weight != 0) lines[line] += weight;
  }
}

class FoldedRenderer final : public Renderer {
 public:
  explicit FoldedRenderer(sink::Sink& sink) : sink_(sink) {}

  Result<void> begin(const ReportHeader&) override { return {}; }

  // Readers add up lines that repeat, so the parts of a session may follow each other.
  Result<void> interval(const Report& report) override { return put(report); }
  Result<void> finish(const Report& report) override { return put(report); }

 private:
  Result<void> put(const Report& report) {
    const auto is_profile = [](const Section& s) {
      const auto* profile = std::get_if<StackProfile>(&s);
      return profile != nullptr && !profile->secondary;
    };
    const auto profiles = std::count_if(report.sections.begin(), report.sections.end(), is_profile);
    const bool has_rows = std::ranges::any_of(report.sections, folds);
    if (profiles == 0 && !has_rows && !report.sections.empty()) {
      return fail(ErrorCode::OutputFailed, "format folded holds stacks and this result has none",
                  "Use -f table or -f json");
    }
    std::map<std::string, std::uint64_t> lines;
    for (const Section& section : report.sections) {
      if (profiles == 0 && folds(section)) add_rows(std::get<Table>(section), lines);
      const auto* profile = std::get_if<StackProfile>(&section);
      if (profile == nullptr || profile->secondary) continue;
      // The counts of several profiles must not be added up: each gets a root of its own.
      const std::string root = profiles > 1 ? element(profile->title) + ';' : std::string();
      for (const Stack& stack : profile->stacks) {
        if (!stack.values.empty()) lines[root + fold(*profile, stack)] += stack.values[0];
      }
    }
    std::string out;
    for (const auto& [stack, count] : lines)
      out += fmt::format("{} {}\n", stack, count);
    if (auto written = sink_.write(out); !written) return written;
    return sink_.flush();
  }

  sink::Sink& sink_;
};

}  // namespace

extern const RendererEntry folded_renderer;
const RendererEntry folded_renderer = {
    .name = "folded",
    .description = "folded stacks for flamegraph.pl, inferno and speedscope",
    .endings = ".folded,.collapsed",
    .intervals = true,
    .live = false,
    .text = true,
    .tables = false,
    .folds_tables = true,
    .shows_summary = false,
    .make = [](sink::Sink& sink, const RenderOptions&) -> std::unique_ptr<Renderer> {
      return std::make_unique<FoldedRenderer>(sink);
    },
};

}  // namespace sonde::render
