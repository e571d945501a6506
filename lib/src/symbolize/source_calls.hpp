#pragma once

#include <cstdint>
#include <span>

#include "symbolize/debug_files.hpp"
#include "symbolize/symbol_cache.hpp"

namespace sonde::symbolize {

/// Adds to each of `symbols`, those of `vaddrs` (sorted, unique), what the debug information tells:
/// inlined calls and source lines, and the name where there is none yet. False if it is damaged or
/// made to stall us, so that some may be missing.
bool add_source_calls(DebugFiles& files, std::span<const std::uint64_t> vaddrs,
                      std::span<Symbol> symbols, SymbolCache& cache);

}  // namespace sonde::symbolize
