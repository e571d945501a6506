#include "symbolize/nearest_symbols.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace sonde::symbolize {
namespace {

// Each may cost a read. A file in which more aliases compete for our addresses is made to stall us.
constexpr std::uint64_t kMostNameComparisons = 200'000;

}  // namespace

bool is_nicer_name(std::string_view a, std::string_view b) {
  const auto key = [](std::string_view name) {
    const std::size_t underscores = std::min(name.find_first_not_of('_'), name.size());
    return std::tuple(name.empty(), underscores, name.size(), name);
  };
  return key(a) < key(b);
}

NearestSymbols::NearestSymbols(std::span<const std::uint64_t> addresses, NameOf name_of)
    : addresses_(addresses),
      name_of_(std::move(name_of)),
      enclosing_(addresses.size()),
      starting_(addresses.size()) {
}

bool NearestSymbols::better(const SymbolCandidate& a, const SymbolCandidate& b) const {
  if (a.value != b.value) return a.value > b.value;
  if (a.size != b.size) {
    // A size, where the other has none, tells where the function ends.
    if (a.size == 0 || b.size == 0) return b.size == 0;
    return a.size < b.size;
  }
  if (a.preference != b.preference) return a.preference > b.preference;
  if ((a.table == b.table && a.name == b.name) || ++name_comparisons_ > kMostNameComparisons) {
    return false;
  }
  return is_nicer_name(name_of_(a), name_of_(b));
}

void NearestSymbols::add(const SymbolCandidate& symbol) {
  const auto is_better = [this](const auto& a, const auto& b) { return better(a, b); };
  const auto first = std::lower_bound(addresses_.begin(), addresses_.end(), symbol.value);
  if (first == addresses_.end()) return;
  const auto first_slot = static_cast<std::size_t>(first - addresses_.begin());
  auto& starting = starting_[first_slot];
  if (!starting || better(symbol, *starting)) starting = symbol;
  if (symbol.size == 0) return;
  constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t end = symbol.size > kTop - symbol.value ? kTop : symbol.value + symbol.size;
  const auto last = std::lower_bound(first, addresses_.end(), end);
  enclosing_.offer(first_slot, static_cast<std::size_t>(last - addresses_.begin()), symbol,
                   is_better);
}

std::vector<std::optional<SymbolCandidate>> NearestSymbols::best() const {
  const auto is_better = [this](const auto& a, const auto& b) { return better(a, b); };
  std::vector<std::optional<SymbolCandidate>> result(addresses_.size());
  const SymbolCandidate* before = nullptr;
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    if (starting_[i]) before = &*starting_[i];
    result[i] = enclosing_.best(i, is_better);
    const bool unsized = before != nullptr && before->size == 0 && addresses_[i] < before->limit;
    if (!result[i] && unsized) result[i] = *before;
  }
  return result;
}

}  // namespace sonde::symbolize
