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

// Large files have a hundred thousand entries.

inline std::optional<CfiEntry> CfiEntries::next() noexcept {
  constexpr std::uint32_t kLength64 = 0xffffffff;
  for (;;) {
    CfiReader reader(section_->bytes, at_, section_->bytes.size());
    if (reader.at_end()) return std::nullopt;
    std::uint64_t length = reader.read<std::uint32_t>();
    const bool is_64_bit = length == kLength64;
    if (is_64_bit) length = reader.read<std::uint64_t>();
    if (reader.failed() || length > reader.remaining()) {
      truncated_ = true;
      at_ = section_->bytes.size();
      return std::nullopt;
    }
    // The terminator; objects linked behind it may follow with entries of their own.
    if (length == 0 && section_->ends_at_terminator) return std::nullopt;
    CfiEntry entry;
    entry.offset = at_;
    at_ = reader.position() + length;
    if (length == 0) continue;

    entry.body = CfiReader(section_->bytes, reader.position(), at_);
    const std::uint64_t id_at = reader.position();
    const std::uint64_t id =
        is_64_bit ? entry.body.read<std::uint64_t>() : entry.body.read<std::uint32_t>();
    const std::uint64_t cie_id = is_64_bit ? UINT64_MAX : UINT32_MAX;
    if (section_->debug_frame) {
      if (id != cie_id) entry.cie = id;
    } else if (id != 0) {
      // In .eh_frame it is the distance back from the field.
      entry.cie = id_at - id;
    }
    return entry;
  }
}

inline tl::expected<Fde, FdeProblem> parse_fde(const CfiSection& section, const CfiEntry& entry,
                                               const Cie& cie) noexcept {
  using Problem = tl::unexpected<FdeProblem>;
  CfiReader reader = entry.body;
  reader.bytes(cie.segment_size);
  const auto start = read_pointer(reader, cie.pointer_encoding, section.address);
  // The length is encoded like the address, but is relative to nothing.
  const auto length = read_pointer(reader, cie.pointer_encoding & kPointerFormatMask, 0);
  if (cie.has_augmentation_data) reader.bytes(reader.uleb());
  if (reader.failed()) return Problem(FdeProblem::Damaged);
  if (!start || !length) return Problem(FdeProblem::PointerEncoding);
  return Fde{*start, *length, reader};
}

}  // namespace sonde::unwind
