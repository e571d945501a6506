// Rows of a live stream as lines of text, by the template in Table::line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/report.hpp>
#include "render/local_time.hpp"

namespace sonde::render {

class RowLine {
 public:
  /// Parses table.line; without one a line has all columns, between blanks. Braces that hold no key
  /// stand for themselves. Refers to the table, which must outlive it.
  explicit RowLine(const Table& table);

  /// Appends the row as a line with its line break. What a column misses is "-"; text is made
  /// printable.
  void append(std::string& out, const std::vector<Value>& row);

 private:
  struct Part {
    /// Before the value.
    std::string_view text;
    /// Index of the column, or kNone after the last one.
    std::size_t column;
    Unit unit;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void parse(const Table& table);

  std::vector<Part> parts_;
  LocalTime time_;
};

}  // namespace sonde::render
