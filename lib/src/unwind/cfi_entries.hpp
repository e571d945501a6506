// The entries of .eh_frame and .debug_frame: common information entries (CIE) and frame description
// entries (FDE). DWARF 5, section 6.4.1; Linux Standard Base, "Exception Frames".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tl/expected.hpp>
#include "unwind/cfi_reader.hpp"
#include "unwind/cfi_state.hpp"
#include "unwind/statistics.hpp"

namespace sonde::unwind {

struct CfiSection {
  std::vector<std::byte> bytes;
  std::uint64_t address = 0;
  bool debug_frame = false;
  /// Of a section whose size nobody says: its terminator ends it.
  bool ends_at_terminator = false;
};

struct CfiEntry {
  std::uint64_t offset = 0;
  /// What is behind the entry's length and identification.
  CfiReader body;
  /// Nothing for a CIE, else where the FDE's CIE is.
  std::optional<std::uint64_t> cie;
};

/// Goes through a section from its begin to its end, or to where it is damaged.
class CfiEntries {
 public:
  explicit CfiEntries(const CfiSection& section) noexcept : section_(&section) {}
  std::optional<CfiEntry> next() noexcept;
  /// The section ended in the middle of an entry.
  bool truncated() const noexcept { return truncated_; }

 private:
  const CfiSection* section_;
  std::uint64_t at_ = 0;
  bool truncated_ = false;
};

struct Cie {
  std::uint64_t offset = 0;
  std::uint64_t code_factor = 0;
  std::int64_t data_factor = 0;
  std::uint8_t pointer_encoding = kPointerAbsolute;
  std::uint8_t segment_size = 0;
  bool has_augmentation_data = false;
  bool signal_frame = false;
  CfiReader program;
  CfiState initial;
};

struct Fde {
  std::uint64_t start = 0;
  std::uint64_t length = 0;
  CfiReader program;
};

tl::expected<Cie, FdeProblem> parse_cie(const CfiSection& section, const CfiEntry& entry) noexcept;
tl::expected<Fde, FdeProblem> parse_fde(const CfiSection& section, const CfiEntry& entry,
                                        const Cie& cie) noexcept;

}  // namespace sonde::unwind
