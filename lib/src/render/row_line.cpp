#include "render/row_line.hpp"

#include <algorithm>

#include "render/humanize.hpp"

namespace sonde::render {

RowLine::RowLine(const Table& table) {
  if (!table.line.empty()) {
    parse(table);
    return;
  }
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    parts_.push_back({i == 0 ? "" : " ", i, table.columns[i].unit});
}

void RowLine::parse(const Table& table) {
  const std::string_view line = table.line;
  std::size_t text = 0;
  std::size_t open = line.find('{');
  while (open != std::string_view::npos) {
    const std::size_t close = line.find('}', open);
    if (close == std::string_view::npos) break;
    const std::string_view key = line.substr(open + 1, close - open - 1);
    const auto column = std::ranges::find(table.columns, key, &Column::key);
    if (column == table.columns.end()) {
      open = line.find('{', open + 1);
      continue;
    }
    parts_.push_back({line.substr(text, open - text),
                      static_cast<std::size_t>(column - table.columns.begin()), column->unit});
    text = close + 1;
    open = line.find('{', text);
  }
  parts_.push_back({line.substr(text), kNone, Unit::none});
}

void RowLine::append(std::string& out, const std::vector<Value>& row) {
  for (const Part& part : parts_) {
    out += part.text;
    if (part.column == kNone) continue;
    if (part.column < row.size()) {
      append_humanized(out, row[part.column], part.unit, time_);
    } else {
      out += '-';
    }
  }
  out += '\n';
}

}  // namespace sonde::render
