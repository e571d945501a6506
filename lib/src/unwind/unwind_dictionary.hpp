// The rules that 20 bits cannot hold. All tables of a session share one dictionary, as they share
// the map that the kernel reads it from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "unwind_table.h"

namespace sonde::unwind {

/// Not to be used by two threads at once.
class UnwindDictionary {
 public:
  /// The entry's index, which never changes; nothing if it is new and UNWIND_DICTIONARY_MAX are
  /// there already.
  std::optional<std::uint32_t> index_of(const unwind_dictionary_entry& entry);

  std::span<const unwind_dictionary_entry> entries() const noexcept { return entries_; }

 private:
  struct Hash {
    std::size_t operator()(const unwind_dictionary_entry& entry) const noexcept;
  };
  struct Equal {
    bool operator()(const unwind_dictionary_entry& a,
                    const unwind_dictionary_entry& b) const noexcept;
  };
  std::vector<unwind_dictionary_entry> entries_;
  std::unordered_map<unwind_dictionary_entry, std::uint32_t, Hash, Equal> indexes_;
};

}  // namespace sonde::unwind
