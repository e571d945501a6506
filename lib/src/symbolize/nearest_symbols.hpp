// Symbols stream past; for each wanted address the one that names it best is kept. Memory is
// bounded by the number of addresses, not by the size of the symbol table.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "symbolize/range_best.hpp"

namespace sonde::symbolize {

struct SymbolCandidate {
  std::uint64_t value = 0;
  std::uint64_t size = 0;
  /// Where it must end for want of a size: the end of its section.
  std::uint64_t limit = 0;
  /// Among symbols of the same range the higher one wins, such as exported over local.
  std::uint32_t preference = 0;
  /// How the caller finds its name.
  std::uint32_t table = 0;
  std::uint64_t name = 0;
};

/// Fewer leading underscores, then shorter, then by byte: of the aliases of a function the one its
/// users write
/// ("malloc" before "__libc_malloc", "puts" before "_IO_puts"), and the same one on every run.
bool is_nicer_name(std::string_view a, std::string_view b);

class NearestSymbols {
 public:
  using NameOf = std::function<std::string(const SymbolCandidate&)>;

  /// `addresses` are sorted and unique, and outlive this. `name_of` is asked only to choose between
  /// aliases.
  NearestSymbols(std::span<const std::uint64_t> addresses, NameOf name_of);

  void add(const SymbolCandidate& symbol);

  /// For each address: of the symbols that contain it the innermost; else a symbol without a size
  /// (hand-written assembly) that is the last one to start before it, within its limit. Never a
  /// sized symbol that ended before.
  std::vector<std::optional<SymbolCandidate>> best() const;

 private:
  bool better(const SymbolCandidate& a, const SymbolCandidate& b) const;

  std::span<const std::uint64_t> addresses_;
  NameOf name_of_;
  RangeBest<SymbolCandidate> enclosing_;
  /// At i the last symbol to start in (addresses[i-1], addresses[i]].
  std::vector<std::optional<SymbolCandidate>> starting_;
  mutable std::uint64_t name_comparisons_ = 0;
};

}  // namespace sonde::symbolize
