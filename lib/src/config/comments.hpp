// The comments of configuration files, which no parser hands on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::config {

struct Comment {
  std::size_t line = 0;
  /// Printable, with its marks, cut to one line.
  std::string text;
};

/// "// …" and "/* … */" outside of strings.
std::vector<Comment> json_comments(std::string_view text);

/// "# …" outside of strings.
std::vector<Comment> toml_comments(std::string_view text);

/// The most parts that a dotted key or table name of the text has: 2 in "a.b = 1".
std::size_t longest_toml_key(std::string_view text);

}  // namespace sonde::config
