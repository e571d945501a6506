#include "unwind/elf_cfi_sections.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sonde::unwind {
namespace {

// Several times what the largest programs have, so that a hostile header cannot make us allocate
// without bound.
constexpr std::uint64_t kLargestSection = std::uint64_t{256} << 20;

std::optional<CfiSection> read_section(const elf::Image& image, const Elf64_Shdr& header) {
  CfiSection section;
  section.address = header.sh_addr;
  section.bytes = image.source().read_range(header.sh_offset, header.sh_size, kLargestSection);
  if (section.bytes.empty()) return std::nullopt;
  return section;
}

std::optional<std::vector<std::byte>> decompress(std::span<const std::byte> bytes) {
  Elf64_Chdr header = {};
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.ch_type != ELFCOMPRESS_ZLIB || header.ch_size > kLargestSection) return std::nullopt;
  const auto packed = bytes.subspan(sizeof header);
  std::vector<std::byte> unpacked(static_cast<std::size_t>(header.ch_size));
  uLongf size = unpacked.size();
  const int status = ::uncompress(reinterpret_cast<Bytef*>(unpacked.data()), &size,
                                  reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (status != Z_OK || size != unpacked.size() || unpacked.empty()) return std::nullopt;
  return unpacked;
}

// Linux Standard Base, "The .eh_frame_hdr section": version, three encodings, and the first
// encoded pointer is the address of .eh_frame.
std::optional<std::uint64_t> address_in_header(const elf::Image& image, const Elf64_Phdr& segment) {
  constexpr std::uint64_t kLongest = 16;
  const std::vector<std::byte> bytes =
      image.source().read_range(segment.p_offset, std::min(segment.p_filesz, kLongest), kLongest);
  CfiReader reader(bytes, 0, bytes.size());
  const auto version = reader.read<std::uint8_t>();
  const auto encoding = reader.read<std::uint8_t>();
  reader.bytes(2);
  const auto address = read_pointer(reader, encoding, segment.p_vaddr);
  return version == 1 && !reader.failed() ? address : std::nullopt;
}

std::optional<CfiSection> read_by_segment(const elf::Image& image) {
  for (const Elf64_Phdr& header : image.segments()) {
    if (header.p_type != PT_GNU_EH_FRAME) continue;
    const auto address = address_in_header(image, header);
    if (!address) continue;
    for (const Elf64_Phdr& segment : image.segments()) {
      if (segment.p_type != PT_LOAD || *address < segment.p_vaddr ||
          *address - segment.p_vaddr >= segment.p_filesz) {
        continue;
      }
      const std::uint64_t skipped = *address - segment.p_vaddr;
      Elf64_Shdr where = {};
      where.sh_addr = *address;
      where.sh_offset = segment.p_offset + skipped;
      where.sh_size = std::min(segment.p_filesz - skipped, kLargestSection);
      auto section = read_section(image, where);
      if (section) section->ends_at_terminator = true;
      return section;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<CfiSection> read_eh_frame(const elf::Image& image) {
  const elf::Section* const found = image.section(".eh_frame");
  if (found == nullptr) return read_by_segment(image);
  // A separate debug file has the section's header only.
  if (found->header.sh_type == SHT_NOBITS) return std::nullopt;
  return read_section(image, found->header);
}

std::optional<CfiSection> read_debug_frame(const elf::Image& image) {
  const elf::Section* const found = image.section(".debug_frame");
  if (found == nullptr || found->header.sh_type == SHT_NOBITS) return std::nullopt;
  auto section = read_section(image, found->header);
  if (!section) return std::nullopt;
  section->debug_frame = true;
  if ((found->header.sh_flags & SHF_COMPRESSED) != 0) {
    auto unpacked = decompress(section->bytes);
    if (!unpacked) return std::nullopt;
    section->bytes = std::move(*unpacked);
  }
  return section;
}

}  // namespace sonde::unwind
