// Rows of a table as lines of JSON. Written by hand: a live stream has hundreds of thousands a
// second, and building a document for each would take most of the time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sonde/report.hpp>

namespace sonde::render {

/// Appends `bytes` as a JSON string, its quotes included. What is not UTF-8 becomes U+FFFD.
void append_json(std::string& out, std::string_view bytes);

/// Appends null for std::monostate and for numbers that JSON cannot hold.
void append_json(std::string& out, const Value& value);

class JsonRow {
 public:
  /// Copies what it needs of the table.
  explicit JsonRow(const Table& table);

  /// Appends {"type":…} with the row's values, and a line break.
  void append(std::string& out, const std::vector<Value>& row) const;

 private:
  std::string type_;
  /// Each as it stands before its value: `,"calls":`.
  std::vector<std::string> keys_;
};

}  // namespace sonde::render
