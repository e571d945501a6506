// The headers of an ELF file, 32 or 64 bit, little-endian. Everything else is read from its
// ByteSource when needed: libelf would keep whole sections in memory, and a symbol table can be
// larger than our memory budget.
#pragma once

#include <elf.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sonde/error.hpp>
#include "util/byte_source.hpp"

namespace sonde::elf {

struct Section {
  std::string name;
  Elf64_Shdr header = {};
};

class Image {
 public:
  /// Fails on what is no such ELF file. A file whose program headers are sound but whose section
  /// table is not opens without sections, as the kernel would run it.
  static Result<Image> open(ByteSource source);

  const ByteSource& source() const noexcept { return source_; }
  bool is_64_bit() const noexcept { return is_64_bit_; }
  std::uint16_t machine() const noexcept { return machine_; }
  /// Where execution starts, before relocation; 0 if the file does not say.
  std::uint64_t entry() const noexcept { return entry_; }
  std::span<const Elf64_Phdr> segments() const noexcept { return segments_; }
  std::span<const Section> sections() const noexcept { return sections_; }
  const Section* section(std::string_view name) const noexcept;
  const Section* section_of_type(std::uint32_t type) const noexcept;
  /// The section that holds `vaddr` when loaded.
  const Section* section_at(std::uint64_t vaddr) const noexcept;

  /// Where the loader puts the byte at `offset`, before relocation; nothing if no segment loads it.
  std::optional<std::uint64_t> vaddr_of(std::uint64_t offset) const noexcept;

  /// The reverse.
  std::optional<std::uint64_t> offset_of(std::uint64_t vaddr) const noexcept;

  /// Lower-case hexadecimal, or empty.
  const std::string& build_id() const noexcept { return build_id_; }

 private:
  explicit Image(ByteSource source) : source_(std::move(source)) {}
  template <class Ehdr, class Phdr, class Shdr>
  bool read_headers();
  template <class Shdr>
  void read_sections(std::uint64_t table, std::uint64_t count, std::uint64_t entry_size,
                     std::uint64_t names_index);
  void read_build_id();

  ByteSource source_;
  bool is_64_bit_ = false;
  std::uint16_t machine_ = EM_NONE;
  std::uint64_t entry_ = 0;
  std::vector<Elf64_Phdr> segments_;
  std::vector<Section> sections_;
  std::string build_id_;
};

/// The build-id among ELF notes with fields of 4 bytes, as in PT_NOTE and /sys/kernel/notes; in
/// hexadecimal, or empty.
std::string find_build_id(std::span<const std::byte> notes);

}  // namespace sonde::elf
