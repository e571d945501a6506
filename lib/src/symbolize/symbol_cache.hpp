// What was found before, so that the next snapshot does not read the same files again.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace sonde::symbolize {

struct SourceLine {
  const std::string* file = nullptr;  // null if unknown
  std::uint32_t line = 0;
};

/// A call in whose place the compiler put the body of what is called.
struct InlinedCall {
  const std::string* name = nullptr;
  /// Within the called function.
  SourceLine source;
};

/// What is known of one address. The texts are the cache's.
struct Symbol {
  const std::string* name = nullptr;  // null if it has none
  SourceLine source;
  /// Innermost first.
  std::vector<InlinedCall> inlined = {};
};

class SymbolCache {
 public:
  using Symbols = std::unordered_map<std::uint64_t, Symbol>;

  /// What is known of one file, by address. Valid until trim().
  Symbols& symbols_of(const std::string& file) { return files_[file]; }
  void add(Symbols& symbols, std::uint64_t address, Symbol symbol) {
    bytes_ += kEntryOverhead + symbol.inlined.size() * sizeof(InlinedCall);
    symbols.emplace(address, std::move(symbol));
  }
  /// The one copy of a text; null for an empty one. Valid until trim().
  const std::string* intern(std::string text) {
    if (text.empty()) return nullptr;
    const auto [known, added] = texts_.insert(std::move(text));
    if (added) bytes_ += kEntryOverhead + known->size();
    return &*known;
  }
  /// Empties the cache if it grew above its bound. Most profiles never get there, so there is no
  /// order of eviction.
  void trim() {
    if (bytes_ <= kMostBytes) return;
    files_.clear();
    texts_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{12} << 20;
  static constexpr std::size_t kEntryOverhead = 96;

  std::unordered_map<std::string, Symbols> files_;
  std::unordered_set<std::string> texts_;
  std::size_t bytes_ = 0;
};

}  // namespace sonde::symbolize
