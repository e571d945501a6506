// Aligned columns of text, fitted to a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::render {

enum class Style { plain, bold, dim, red, green };

/// `text` in the terminal's colours, or as it is when `color` is false.
std::string paint(std::string_view text, Style style, bool color);

struct GridColumn {
  enum class Align { left, right };
  /// What may be lost when the terminal is too narrow: nothing, or the end of a text.
  enum class Cut { never, end };
  std::string title;
  Align align = Align::left;
  Cut cut = Cut::never;
};

struct GridCell {
  /// Well-formed UTF-8 without control characters.
  std::string text;
  Style style = Style::plain;
};

class Grid {
 public:
  explicit Grid(std::vector<GridColumn> columns);
  /// As many cells as columns.
  void add_row(std::vector<GridCell> cells);
  /// Titles and rows, each line ended; `width` 0 cuts nothing.
  std::string text(std::size_t width, bool color) const;

 private:
  std::vector<std::size_t> fitted_widths(std::size_t width) const;

  std::vector<GridColumn> columns_;
  std::vector<std::vector<GridCell>> rows_;
};

}  // namespace sonde::render
