// Names for the kernel part of stacks: first every address is wanted, then all are resolved in one
// pass.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "symbolize/address_set.hpp"
#include "symbolize/kallsyms.hpp"
#include "symbolize/notices.hpp"
#include "symbolize/symbol_cache.hpp"
#include "symbolize/symbolizer.hpp"

namespace sonde::symbolize {

class KernelNames {
 public:
  void want(std::uint64_t address) { wanted_.add(address); }
  void resolve(const SymbolizerOptions& options, SymbolCache& cache, Notices& notices);

  /// Null if the address has no name.
  const KernelSymbol* find(std::uint64_t address) const;
  /// Of the running kernel; empty if unknown.
  const std::string& build_id() const noexcept { return build_id_; }

 private:
  AddressSet wanted_;
  std::unordered_map<std::uint64_t, KernelSymbol> found_;
  std::string build_id_;
};

}  // namespace sonde::symbolize
