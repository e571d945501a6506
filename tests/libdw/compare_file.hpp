// Our table of one ELF file against libdw's reading of it, row by row.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "unwind_table.h"

namespace sonde::oracle {

struct Comparison {
  std::uint64_t files = 0;
  std::uint64_t fdes = 0;
  std::uint64_t libdw_rows = 0;  // each compared at its first address
  std::uint64_t our_rows = 0;    // each compared at its own
  /// Rows that are not the same for a reason that is known, by that reason.
  std::map<std::string, std::uint64_t> explained;
  /// All others, in words.
  std::vector<std::string> different;
  std::uint64_t different_rows = 0;

  void add(const Comparison& other);
};

/// `files` is 0 if the path is no x86-64 program or library. The entries that the file adds to the
/// dictionary are appended to `dictionary`.
Comparison compare_file(const std::string& path, std::vector<unwind_dictionary_entry>& dictionary);

}  // namespace sonde::oracle
