// Configuration files on their way from v0.0.x to v0.1: found, read, converted, and replaced all
// together or not at all.
#pragma once

#include <sonde/error.hpp>
#include <string>
#include <vector>

#include "config/migrate.hpp"

namespace sonde::cli {

struct MigratedFile {
  std::string path;
  config::Migration migration;
};

/// The files that the operands name: themselves, and of folders what ends in .json, .jsonc or
/// .toml, by name. No operand is "-", stdin. ConfigError for a folder that has none.
Result<std::vector<std::string>> find_config_files(const std::vector<std::string>& operands);

/// Errors of all files are said on stderr, each with the file's name, and the last one returned.
Result<std::vector<MigratedFile>> migrate_files(const std::vector<std::string>& paths,
                                                config::MigrateOptions options);

/// Writes `text` as a file that appears when it is complete. OutputFailed.
Result<void> write_file(const std::string& path, const std::string& text);

/// Replaces each file that is not new already and keeps what it was as FILE.bak. Where one cannot
/// be replaced, all stay or become what they were. ConfigError if a FILE.bak exists; OutputFailed.
Result<void> replace_files(const std::vector<MigratedFile>& files);

}  // namespace sonde::cli
