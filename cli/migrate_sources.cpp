#include "migrate_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "config/migrate_source.hpp"
#include "diagnostic.hpp"
#include "util/fail.hpp"
#include "util/text.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot_read(const std::string& path, const std::error_code& why) {
  return fail_errno(ErrorCode::ConfigError, path, why.value());
}

// Hidden folders hold no sources of the user's (.git); links could lead in circles.
Result<std::vector<std::string>> sources_below(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code why;
  fs::recursive_directory_iterator at(folder, why);
  for (; !why && at != fs::recursive_directory_iterator(); at.increment(why)) {
    const std::string name = at->path().filename().string();
    std::error_code unused;
    if (at->is_directory(unused)) {
      if (name.starts_with('.')) at.disable_recursion_pending();
    } else if (config::source_language_of(name) && at->is_regular_file(unused)) {
      files.push_back(at->path().string());
    }
  }
  if (why) return cannot_read(folder, why);
  std::ranges::sort(files);
  return files;
}

Result<std::vector<std::string>> sources_of(const std::string& path) {
  std::error_code why;
  const fs::file_status status = fs::status(path, why);
  if (why) return cannot_read(path, why);
  if (fs::is_directory(status)) return sources_below(path);
  if (config::source_language_of(path)) return std::vector<std::string>{path};
  return fail(ErrorCode::ConfigError, fmt::format("{}: no Rust or C++ source by its name", path));
}

std::string use_line(const std::string& file, const config::OldApiUse& use) {
  std::string line = fmt::format("{}:{}: {}", file, use.line, use.found);
  if (!use.replacement.empty()) line += " -> " + use.replacement;
  if (!use.note.empty()) line += " (" + use.note + ")";
  return text::printable(line) + '\n';
}

}  // namespace

Result<bool> show_old_api(const std::string& path) {
  const auto files = sources_of(path);
  if (!files) return tl::unexpected(files.error());
  std::string uses;
  std::string diffs;
  for (const std::string& file : *files) {
    std::ifstream stream(file, std::ios::binary);
    const std::string before{std::istreambuf_iterator<char>(stream), {}};
    if (!stream) return fail(ErrorCode::ConfigError, fmt::format("{}: cannot be read", file));
    const auto scan = config::scan_source(before, *config::source_language_of(file));
    for (const config::OldApiUse& use : scan.uses)
      uses += use_line(file, use);
    diffs += config::unified_diff(file, before, scan.changed);
  }
  if (uses.empty()) {
    say(fmt::format("{}: no use of the v0.0.x API in {} files", path, files->size()));
    return false;
  }
  if (auto printed = print(diffs.empty() ? uses : uses + '\n' + diffs); !printed) {
    return tl::unexpected(std::move(printed.error()));
  }
  return true;
}

}  // namespace sonde::cli
