#include "render/grid.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "util/text.hpp"

namespace sonde::render {
namespace {

constexpr std::string_view kGap = "  ";

// Takes from `width` down to `floor` what is still in excess.
void shrink(std::size_t& width, std::size_t floor, std::size_t& excess) {
  const std::size_t taken = std::min(excess, width - std::min(width, floor));
  width -= taken;
  excess -= taken;
}

}  // namespace

std::string paint(std::string_view text, Style style, bool color) {
  std::string_view code;
  switch (style) {
    case Style::plain:
      break;
    case Style::bold:
      code = "\x1b[1m";
      break;
    case Style::dim:
      code = "\x1b[2m";
      break;
    case Style::red:
      code = "\x1b[31m";
      break;
    case Style::green:
      code = "\x1b[32m";
      break;
  }
  if (!color || code.empty() || text.empty()) return std::string(text);
  return std::string(code).append(text).append("\x1b[0m");
}

Grid::Grid(std::vector<GridColumn> columns) : columns_(std::move(columns)) {
}

void Grid::add_row(std::vector<GridCell> cells) {
  assert(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Grid::fitted_widths(std::size_t width) const {
  constexpr std::size_t kReadable = 16;
  std::vector<std::size_t> widths;
  for (const GridColumn& column : columns_) {
    widths.push_back(text::display_width(column.title));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], text::display_width(row[i].text));
    }
  }
  std::size_t total = kGap.size() * columns_.size();
  for (const std::size_t w : widths)
    total += w;
  if (width == 0 || total <= width) return widths;

  std::size_t excess = total - width;
  // The last column is the longest and the first to give.
  for (std::size_t i = widths.size(); i-- > 0;) {
    const std::size_t title = text::display_width(columns_[i].title);
    if (columns_[i].cut == GridColumn::Cut::end)
      shrink(widths[i], std::max(title, kReadable), excess);
  }
  return widths;
}

std::string Grid::text(std::size_t width, bool color) const {
  const std::vector<std::size_t> widths = fitted_widths(width);
  std::string out;
  const auto add_line = [&](auto&& cell_at) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const GridCell& cell = cell_at(i);
      const std::string shown = text::fit(cell.text, widths[i]);
      const std::string padding(widths[i] - std::min(widths[i], text::display_width(shown)), ' ');
      line += kGap;
      if (columns_[i].align == GridColumn::Align::right) line += padding;
      line += paint(shown, cell.style, color);
      if (columns_[i].align == GridColumn::Align::left && i + 1 < columns_.size()) line += padding;
    }
    line.resize(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  std::vector<GridCell> titles;
  for (const GridColumn& column : columns_)
    titles.push_back({column.title, Style::dim});
  add_line([&](std::size_t i) -> const GridCell& { return titles[i]; });
  for (const auto& row : rows_) {
    add_line([&](std::size_t i) -> const GridCell& { return row[i]; });
  }
  return out;
}

}  // namespace sonde::render
