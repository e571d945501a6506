#pragma once

#include <cstdint>
#include <span>

#include "symbolize/debug_files.hpp"
#include "symbolize/symbol_cache.hpp"

namespace sonde::symbolize {

/// What is there to read.
enum class DebugInformation : std::uint8_t {
  complete,             ///< or there is none
  cut,                  ///< damaged, or made to stall us: some may be missing
  split,                ///< in .dwo or .dwp files, which are not read: lines, but no inlined calls
  compressed_otherwise  ///< by another method than zlib: nothing is read
};

/// Adds to each of `symbols`, those of `vaddrs` (sorted, unique), what the debug information tells:
/// inlined calls and source lines, and the name where there is none yet.
DebugInformation add_source_calls(DebugFiles& files, std::span<const std::uint64_t> vaddrs,
                                  std::span<Symbol> symbols, SymbolCache& cache);

}  // namespace sonde::symbolize
