// Finds the v0.0.x API in Rust and C++ sources, and says what replaces it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::config {

enum class SourceLanguage { rust, cpp };

/// By the file name's ending; nullopt for a file that is neither.
std::optional<SourceLanguage> source_language_of(std::string_view file_name);

struct OldApiUse {
  std::size_t line = 0;
  /// As it stands in the source.
  std::string found;
  /// What v0.1 has in its place; empty where nothing can be put there as it is.
  std::string replacement;
  /// What else to know, or do by hand; may be empty.
  std::string note;
};

struct SourceScan {
  std::vector<OldApiUse> uses;
  /// The source with every replacement made; the same lines as before.
  std::string changed;
};

/// Names are found wherever they stand as whole words, in comments and strings as well.
SourceScan scan_source(std::string_view text, SourceLanguage language);

/// The unified format of diff(1) for two texts of equally many lines, three lines of context, the
/// file named on both sides; empty if they are equal.
std::string unified_diff(std::string_view file, std::string_view before, std::string_view after);

}  // namespace sonde::config
