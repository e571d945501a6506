// One .symtab or .dynsym, streamed in pieces of bounded size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "elf/image.hpp"
#include "symbolize/nearest_symbols.hpp"

namespace sonde::symbolize {

class SymbolTable {
 public:
  /// Of the first section of `type` (SHT_SYMTAB or SHT_DYNSYM); nothing if there is none with
  /// symbols in it. `image` must outlive the table.
  static std::optional<SymbolTable> find(const elf::Image& image, std::uint32_t type);

  /// Offers every symbol that may name code; `id` becomes SymbolCandidate::table.
  void offer_to(NearestSymbols& nearest, std::uint32_t id);

  /// Name of the symbol at `index`; empty if there is none.
  std::string name_of_symbol(std::uint64_t index);
  /// Name at an offset of the table's strings (SymbolCandidate::name), without a version
  /// ("foo@@GLIBC_2.2").
  std::string name_at(std::uint64_t offset);

 private:
  SymbolTable(const elf::Image& image, const Elf64_Shdr& symbols, const Elf64_Shdr& strings)
      : image_(&image), symbols_(symbols), strings_(strings) {}
  std::size_t entry_size() const;
  std::optional<SymbolCandidate> candidate(const Elf64_Sym& symbol);
  bool is_marker(std::uint64_t name);

  const elf::Image* image_;
  Elf64_Shdr symbols_;
  Elf64_Shdr strings_;
  std::vector<char> window_;  // part of the strings, from window_start_ on
  std::uint64_t window_start_ = 0;
};

}  // namespace sonde::symbolize
