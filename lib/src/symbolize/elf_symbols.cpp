#include "symbolize/elf_symbols.hpp"

#include <optional>
#include <utility>

#include "symbolize/debug_file.hpp"
#include "symbolize/demangle.hpp"
#include "symbolize/nearest_symbols.hpp"
#include "symbolize/plt.hpp"
#include "symbolize/symbol_table.hpp"

namespace sonde::symbolize {

bool has_full_symbols(const elf::Image& image) {
  return SymbolTable::find(image, SHT_SYMTAB).has_value();
}

std::vector<std::string> find_elf_names(DebugFiles& files, std::span<const std::uint64_t> vaddrs) {
  const elf::Image& image = files.image();
  std::vector<SymbolTable> tables;
  const auto add_table = [&](const elf::Image& from, std::uint32_t type) {
    auto table = SymbolTable::find(from, type);
    if (table) tables.push_back(std::move(*table));
    return table.has_value();
  };
  std::optional<elf::Image> mini;
  if (!add_table(image, SHT_SYMTAB)) {
    const elf::Image* const separate = files.separate();
    if (separate == nullptr || !add_table(*separate, SHT_SYMTAB)) {
      mini = open_mini_debuginfo(image);
      if (mini) add_table(*mini, SHT_SYMTAB);
    }
  }
  add_table(image, SHT_DYNSYM);

  NearestSymbols nearest(vaddrs, [&](const SymbolCandidate& symbol) {
    return tables[symbol.table].name_at(symbol.name);
  });
  for (std::uint32_t id = 0; id < tables.size(); ++id)
    tables[id].offer_to(nearest, id);

  std::vector<std::string> names;
  names.reserve(vaddrs.size());
  for (const std::optional<SymbolCandidate>& symbol : nearest.best()) {
    const std::uint64_t vaddr = vaddrs[names.size()];
    names.push_back(symbol ? demangle(tables[symbol->table].name_at(symbol->name))
                           : plt_name(image, vaddr));
  }
  return names;
}

}  // namespace sonde::symbolize
