#include "dwarf/section.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace sonde::dwarf {
namespace {

// zlib cannot expand more than this, so a header that promises more is wrong.
constexpr std::uint64_t kMostExpansion = 1032;
// Browsers have half of it.
constexpr std::uint64_t kMostExpanded = std::uint64_t{4} << 30;

struct Packing {
  std::uint64_t header = 0;  // bytes before the stream
  std::uint64_t size = 0;    // of what it expands to
};

template <class Chdr>
std::optional<Packing> read_chdr(const ByteSource& source, std::uint64_t offset) {
  Chdr header = {};
  if (!source.read_object(offset, header) || header.ch_type != ELFCOMPRESS_ZLIB) {
    return std::nullopt;
  }
  return Packing{sizeof header, header.ch_size};
}

// GNU's older form, in sections named ".zdebug_…": "ZLIB" and the size, big-endian.
std::optional<Packing> read_zdebug(const ByteSource& source, std::uint64_t offset) {
  std::array<unsigned char, 12> header = {};
  if (!source.read_object(offset, header) || std::memcmp(header.data(), "ZLIB", 4) != 0) {
    return std::nullopt;
  }
  Packing packing{header.size(), 0};
  for (std::size_t i = 4; i < header.size(); ++i)
    packing.size = packing.size << 8 | header[i];
  return packing;
}

}  // namespace

Section::Section(const elf::Image& image, std::string_view name) {
  const elf::Section* found = image.section(name);
  const bool old_form = found == nullptr;
  if (old_form) found = image.section(".z" + std::string(name.substr(1)));
  if (found == nullptr || found->header.sh_type == SHT_NOBITS) return;
  const Elf64_Shdr& header = found->header;
  if (!old_form && (header.sh_flags & SHF_COMPRESSED) == 0) {
    open_plain(image, header.sh_offset, header.sh_size);
    return;
  }
  std::optional<Packing> packing;
  if (old_form) {
    packing = read_zdebug(image.source(), header.sh_offset);
  } else if (image.is_64_bit()) {
    packing = read_chdr<Elf64_Chdr>(image.source(), header.sh_offset);
  } else {
    packing = read_chdr<Elf32_Chdr>(image.source(), header.sh_offset);
  }
  if (!packing || packing->header >= header.sh_size) return;
  open_packed(image, header.sh_offset + packing->header, header.sh_size - packing->header,
              packing->size);
}

void Section::open_plain(const elf::Image& image, std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t file = image.source().size();
  if (offset >= file) return;
  source_ = &image.source();
  offset_ = offset;
  size_ = std::min(size, file - offset);
}

void Section::open_packed(const elf::Image& image, std::uint64_t offset, std::uint64_t packed,
                          std::uint64_t size) {
  const std::uint64_t file = image.source().size();
  if (offset >= file || packed > file - offset) return;
  if (size / kMostExpansion > packed || size > kMostExpanded) return;
  inflated_ = std::make_unique<Inflated>(image.source(), offset, packed, size);
  size_ = size;
}

std::size_t Section::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset >= size_) return 0;
  const auto length =
      static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset));
  if (inflated_) return inflated_->read(offset, into.first(length));
  return source_->read(offset_ + offset, into.first(length));
}

std::string Section::string_at(std::uint64_t offset) const {
  constexpr std::size_t kAtOnce = 256;
  std::string text;
  while (text.size() < kLongestString) {
    const std::size_t before = text.size();
    text.resize(before + kAtOnce);
    text.resize(before +
                read(offset + before, std::as_writable_bytes(std::span(text)).subspan(before)));
    const std::size_t end = text.find('\0', before);
    if (end != std::string::npos) {
      text.resize(end);
      return text;
    }
    if (text.size() < before + kAtOnce) break;
  }
  return text;
}

}  // namespace sonde::dwarf
