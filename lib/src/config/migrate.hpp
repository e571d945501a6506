// v0.0.x EbpfProfilerConfig files to v0.1 EbpfConfig files: text to text, nothing else.
#pragma once

#include <sonde/error.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/comments.hpp"

namespace sonde::config {

enum class ConfigLanguage { json, toml };

/// By how the text begins, and where that leaves both by the file name's ending.
ConfigLanguage language_of(std::string_view file_name, std::string_view text);

struct MigrateOptions {
  /// Leave unknown keys out instead of refusing them.
  bool drop_unknown = false;
};

struct MigratedKey {
  enum class Action { kept, moved, added, dropped };
  /// Its path in the old file; for a key that was added, in the new one.
  std::string key;
  Action action = Action::kept;
  /// Its path in the new file; empty if it was dropped.
  std::string to;
  std::string why;
};
/// "kept", "moved", "added" or "dropped".
std::string_view to_string(MigratedKey::Action action) noexcept;

struct Migration {
  /// The text was an EbpfConfig file before; `output` is that text, byte for byte.
  bool already_new = false;
  std::string output;
  std::vector<MigratedKey> keys;
  /// Those that `output` does not have any more.
  std::vector<Comment> lost_comments;
};

/// ConfigError that begins with the path of what is wrong, or with line and column where the text
/// is no JSON or TOML. What it gives, config::overlay_json() reads, and migrating it again changes
/// nothing.
Result<Migration> migrate_config(std::string_view text, ConfigLanguage language,
                                 MigrateOptions options);

}  // namespace sonde::config
