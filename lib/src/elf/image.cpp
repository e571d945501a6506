#include "elf/image.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "util/fail.hpp"
#include "util/text.hpp"

namespace sonde::elf {
namespace {

// Far above what linkers write, so that a hostile header cannot make us allocate without bound.
constexpr std::uint64_t kMostSegments = 4096;
constexpr std::uint64_t kMostSections = std::uint64_t{1} << 17;
constexpr std::uint64_t kLongestNames = std::uint64_t{16} << 20;
constexpr std::uint64_t kLongestNotes = std::uint64_t{1} << 20;

template <class Phdr>
Elf64_Phdr widen_segment(const Phdr& from) {
  Elf64_Phdr to = {};
  to.p_type = from.p_type;
  to.p_flags = from.p_flags;
  to.p_offset = from.p_offset;
  to.p_vaddr = from.p_vaddr;
  to.p_filesz = from.p_filesz;
  to.p_memsz = from.p_memsz;
  return to;
}

template <class Shdr>
Elf64_Shdr widen_section(const Shdr& from) {
  Elf64_Shdr to = {};
  to.sh_name = from.sh_name;
  to.sh_type = from.sh_type;
  to.sh_flags = from.sh_flags;
  to.sh_addr = from.sh_addr;
  to.sh_offset = from.sh_offset;
  to.sh_size = from.sh_size;
  to.sh_link = from.sh_link;
  to.sh_info = from.sh_info;
  to.sh_entsize = from.sh_entsize;
  return to;
}

std::string name_at(std::span<const std::byte> names, std::uint64_t offset) {
  if (offset >= names.size()) return {};
  const char* const begin = reinterpret_cast<const char*>(names.data()) + offset;
  return {begin, ::strnlen(begin, names.size() - static_cast<std::size_t>(offset))};
}

}  // namespace

std::string find_build_id(std::span<const std::byte> notes) {
  constexpr std::string_view kOwner("GNU\0", 4);
  const auto padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header = {};
    std::memcpy(&header, notes.data(), sizeof header);
    notes = notes.subspan(sizeof header);
    const std::uint64_t name_size = padded(header.n_namesz);
    if (name_size > notes.size() || header.n_descsz > notes.size() - name_size) return {};
    const auto* const bytes = reinterpret_cast<const char*>(notes.data());
    if (header.n_type == NT_GNU_BUILD_ID && std::string_view(bytes, header.n_namesz) == kOwner) {
      return text::to_hex({bytes + name_size, header.n_descsz});
    }
    notes = notes.subspan(static_cast<std::size_t>(
        std::min<std::uint64_t>(name_size + padded(header.n_descsz), notes.size())));
  }
  return {};
}

Result<Image> Image::open(ByteSource source) {
  std::array<unsigned char, EI_NIDENT> ident = {};
  Image image(std::move(source));
  if (!image.source_.read_object(0, ident) || std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0) {
    return fail(ErrorCode::EventProcessingFailed, "not an ELF file");
  }
  if (ident[EI_DATA] != ELFDATA2LSB) {
    return fail(ErrorCode::EventProcessingFailed, "not a little-endian ELF file");
  }
  bool sound = false;
  if (ident[EI_CLASS] == ELFCLASS64) {
    image.is_64_bit_ = true;
    sound = image.read_headers<Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr>();
  } else if (ident[EI_CLASS] == ELFCLASS32) {
    sound = image.read_headers<Elf32_Ehdr, Elf32_Phdr, Elf32_Shdr>();
  }
  if (!sound) return fail(ErrorCode::EventProcessingFailed, "truncated or damaged ELF headers");
  image.read_build_id();
  return image;
}

template <class Ehdr, class Phdr, class Shdr>
bool Image::read_headers() {
  Ehdr header = {};
  if (!source_.read_object(0, header)) return false;
  machine_ = header.e_machine;
  entry_ = header.e_entry;
  if (header.e_phnum > kMostSegments) return false;
  if (header.e_phnum != 0 && header.e_phentsize < sizeof(Phdr)) return false;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Phdr segment = {};
    if (!source_.read_object(header.e_phoff + i * header.e_phentsize, segment)) return false;
    segments_.push_back(widen_segment(segment));
  }
  if (header.e_shoff == 0 || header.e_shentsize < sizeof(Shdr)) return true;
  // Counts that do not fit the ELF header are kept in the first section header (gABI, "Extended
  // Section Header").
  Shdr first = {};
  if (!source_.read_object(header.e_shoff, first)) return true;
  const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : first.sh_size;
  const std::uint64_t names = header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : first.sh_link;
  if (count <= kMostSections) {
    read_sections<Shdr>(header.e_shoff, count, header.e_shentsize, names);
  }
  return true;
}

template <class Shdr>
void Image::read_sections(std::uint64_t table, std::uint64_t count, std::uint64_t entry_size,
                          std::uint64_t names_index) {
  const std::vector<std::byte> bytes =
      source_.read_range(table, count * entry_size, source_.size());
  if (bytes.empty()) return;
  for (std::uint64_t i = 0; i < count; ++i) {
    Shdr header = {};
    std::memcpy(&header, bytes.data() + i * entry_size, sizeof header);
    sections_.push_back({{}, widen_section(header)});
  }
  if (names_index >= sections_.size()) return;
  const Elf64_Shdr& where = sections_[static_cast<std::size_t>(names_index)].header;
  const std::vector<std::byte> names =
      source_.read_range(where.sh_offset, where.sh_size, kLongestNames);
  for (Section& section : sections_)
    section.name = name_at(names, section.header.sh_name);
}

void Image::read_build_id() {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_NOTE) continue;
    build_id_ =
        find_build_id(source_.read_range(segment.p_offset, segment.p_filesz, kLongestNotes));
    if (!build_id_.empty()) return;
  }
  // A separate debug file keeps the program headers of the original but not what they point to.
  for (const Section& section : sections_) {
    if (section.header.sh_type != SHT_NOTE) continue;
    build_id_ = find_build_id(
        source_.read_range(section.header.sh_offset, section.header.sh_size, kLongestNotes));
    if (!build_id_.empty()) return;
  }
}

const Section* Image::section(std::string_view name) const noexcept {
  const auto found = std::find_if(sections_.begin(), sections_.end(),
                                  [&](const Section& s) { return s.name == name; });
  return found == sections_.end() ? nullptr : &*found;
}

const Section* Image::section_of_type(std::uint32_t type) const noexcept {
  const auto found = std::find_if(sections_.begin(), sections_.end(),
                                  [&](const Section& s) { return s.header.sh_type == type; });
  return found == sections_.end() ? nullptr : &*found;
}

const Section* Image::section_at(std::uint64_t vaddr) const noexcept {
  const auto found = std::find_if(sections_.begin(), sections_.end(), [&](const Section& section) {
    return (section.header.sh_flags & SHF_ALLOC) != 0 && vaddr >= section.header.sh_addr &&
           vaddr - section.header.sh_addr < section.header.sh_size;
  });
  return found == sections_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> Image::vaddr_of(std::uint64_t offset) const noexcept {
  const Elf64_Phdr* best = nullptr;
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || offset < segment.p_offset ||
        offset - segment.p_offset >= segment.p_filesz) {
      continue;
    }
    const bool executable = (segment.p_flags & PF_X) != 0;
    if (best == nullptr || (executable && (best->p_flags & PF_X) == 0)) best = &segment;
  }
  if (best == nullptr) return std::nullopt;
  return best->p_vaddr + (offset - best->p_offset);
}

std::optional<std::uint64_t> Image::offset_of(std::uint64_t vaddr) const noexcept {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type == PT_LOAD && vaddr >= segment.p_vaddr &&
        vaddr - segment.p_vaddr < segment.p_filesz) {
      return segment.p_offset + (vaddr - segment.p_vaddr);
    }
  }
  return std::nullopt;
}

}  // namespace sonde::elf
