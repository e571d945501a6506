#include "unwind/cfi_reader.hpp"

namespace sonde::unwind {

std::uint64_t CfiReader::long_uleb() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; at_ != end_; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*at_++);
    const std::uint64_t bits = byte & 0x7fu;
    if (shift > 63 || (shift == 63 && bits > 1)) break;
    value |= bits << shift;
    if ((byte & 0x80u) == 0) return value;
  }
  fail();
  return 0;
}

std::int64_t CfiReader::sleb() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; at_ != end_; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*at_++);
    const std::uint64_t bits = byte & 0x7fu;
    if (shift > 63 || (shift == 63 && bits != 0 && bits != 0x7f)) break;
    value |= bits << shift;
    if ((byte & 0x80u) != 0) continue;
    if ((byte & 0x40u) != 0 && shift < 57) value |= ~std::uint64_t{0} << (shift + 7);
    return static_cast<std::int64_t>(value);
  }
  fail();
  return 0;
}

std::optional<std::uint64_t> read_any_pointer(CfiReader& reader, std::uint8_t encoding,
                                              std::uint64_t section_address) noexcept {
  const std::uint64_t own_address = section_address + reader.position();
  const auto widen = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  std::uint64_t value = 0;
  switch (encoding & kPointerFormatMask) {
    case 0x00:
    case 0x04:
    case 0x0c:
      value = reader.read<std::uint64_t>();
      break;
    case 0x01:
      value = reader.uleb();
      break;
    case 0x02:
      value = reader.read<std::uint16_t>();
      break;
    case 0x03:
      value = reader.read<std::uint32_t>();
      break;
    case 0x09:
      value = widen(reader.sleb());
      break;
    case 0x0a:
      value = widen(reader.read<std::int16_t>());
      break;
    case kPointerSigned4:
      value = widen(reader.read<std::int32_t>());
      break;
    default:
      return std::nullopt;
  }
  if (reader.failed()) return std::nullopt;
  switch (encoding & ~kPointerFormatMask) {
    case kPointerAbsolute:
      return value;
    case kPointerPcRelative:
      return value + own_address;
    default:
      return std::nullopt;
  }
}

}  // namespace sonde::unwind
