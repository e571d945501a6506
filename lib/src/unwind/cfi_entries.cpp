#include "unwind/cfi_entries.hpp"

#include <string_view>

namespace sonde::unwind {
namespace {

constexpr std::uint8_t kPointerOmitted = 0xff;

using Problem = tl::unexpected<FdeProblem>;

// The letters behind 'z' say what the augmentation data holds, in that order; a reader that meets
// one it does not know skips the rest by the data's length.
bool read_augmentation(CfiReader& reader, std::string_view letters, const CfiSection& section,
                       Cie& cie) noexcept {
  const std::uint64_t length = reader.uleb();
  CfiReader data(section.bytes, reader.position(), reader.position() + length);
  if (reader.bytes(length).size() != length) return false;
  cie.has_augmentation_data = true;
  for (const char letter : letters.substr(1)) {
    switch (letter) {
      case 'R':
        cie.pointer_encoding = data.read<std::uint8_t>();
        break;
      case 'L':
        data.read<std::uint8_t>();
        break;
      case 'P': {
        const auto encoding = data.read<std::uint8_t>();
        // Only its width matters: where the personality routine is does not.
        if (encoding != kPointerOmitted && !read_pointer(data, encoding & kPointerFormatMask, 0)) {
          return false;
        }
        break;
      }
      case 'S':
        cie.signal_frame = true;
        break;
      case 'B':  // AArch64: which key signs return addresses
        break;
      default:
        return !data.failed();
    }
  }
  return !data.failed();
}

}  // namespace

tl::expected<Cie, FdeProblem> parse_cie(const CfiSection& section, const CfiEntry& entry) noexcept {
  Cie cie;
  cie.offset = entry.offset;
  CfiReader reader = entry.body;
  const auto version = reader.read<std::uint8_t>();
  if (version != 1 && version != 3 && version != 4) return Problem(FdeProblem::Version);

  std::string_view augmentation;
  const auto* const letters =
      reinterpret_cast<const char*>(section.bytes.data()) + reader.position();
  while (reader.read<char>() != '\0')
    augmentation = std::string_view(letters, augmentation.size() + 1);
  if (version == 4) {
    if (reader.read<std::uint8_t>() != sizeof(std::uint64_t)) return Problem(FdeProblem::Version);
    cie.segment_size = reader.read<std::uint8_t>();
  }
  cie.code_factor = reader.uleb();
  cie.data_factor = reader.sleb();
  const std::uint64_t return_register = version == 1 ? reader.read<std::uint8_t>() : reader.uleb();

  if (augmentation.starts_with('z')) {
    if (!read_augmentation(reader, augmentation, section, cie)) {
      return Problem(FdeProblem::Augmentation);
    }
  } else if (!augmentation.empty()) {
    return Problem(FdeProblem::Augmentation);
  }
  if (reader.failed()) return Problem(FdeProblem::Damaged);
  if (return_register != kReturnAddress) return Problem(FdeProblem::ReturnRegister);
  cie.program = reader;
  return cie;
}

}  // namespace sonde::unwind
