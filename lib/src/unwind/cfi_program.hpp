// Runs call frame instructions: DWARF 5, section 6.4.2, and the GNU extensions.
#pragma once

#include <cstdint>
#include <span>

#include "unwind/cfi_entries.hpp"
#include "unwind/cfi_state.hpp"

namespace sonde::unwind {

/// Receives the state that holds from an address on; addresses ascend.
class StateSink {
 public:
  virtual ~StateSink() = default;
  virtual void put(std::uint64_t address, const CfiState& state) = 0;
};

/// Fills in cie.initial; false if an instruction is not understood.
bool run_initial(const CfiSection& section, Cie& cie);

/// Gives `sink` all states of [fde.start, end). False if an instruction is not understood; what the
/// sink has received until then is to be thrown away.
bool run_program(const CfiSection& section, const Cie& cie, const Fde& fde, std::uint64_t end,
                 StateSink& sink);

}  // namespace sonde::unwind
