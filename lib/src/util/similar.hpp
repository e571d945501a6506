#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sonde {

/// The candidate nearest to `word` by edit distance (insert, delete, replace, swap of neighbours),
/// or empty if none is near enough to be a likely typing error (more than a third of the word's
/// length, at least 1).
std::string_view most_similar(std::string_view word, std::span<const std::string_view> candidates);

/// " (did you mean 'x'?)", or empty.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sonde
