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

/// What stands outside of strings and comments.
struct TomlKeys {
  /// The most parts that a dotted key or table name has: 2 in "a.b = 1".
  std::size_t most_parts = 1;
  /// Line of the first byte beyond ASCII, which TOML 1.0 does not have there; 0 if there is none.
  std::size_t beyond_ascii = 0;
};
TomlKeys toml_keys(std::string_view text);

}  // namespace sonde::config
