#include "unwind/unwind_dictionary.hpp"

#include <cstring>
#include <functional>
#include <string_view>

namespace sonde::unwind {
namespace {

// The struct has no padding: its bytes are its value.
std::string_view bytes_of(const unwind_dictionary_entry& entry) noexcept {
  return {reinterpret_cast<const char*>(&entry), sizeof entry};
}

}  // namespace

std::size_t UnwindDictionary::Hash::operator()(
    const unwind_dictionary_entry& entry) const noexcept {
  return std::hash<std::string_view>()(bytes_of(entry));
}

bool UnwindDictionary::Equal::operator()(const unwind_dictionary_entry& a,
                                         const unwind_dictionary_entry& b) const noexcept {
  return bytes_of(a) == bytes_of(b);
}

std::optional<std::uint32_t> UnwindDictionary::index_of(const unwind_dictionary_entry& entry) {
  const auto found = indexes_.find(entry);
  if (found != indexes_.end()) return found->second;
  if (entries_.size() == UNWIND_DICTIONARY_MAX) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back(entry);
  indexes_.emplace(entry, index);
  return index;
}

}  // namespace sonde::unwind
