#include "elf_fixture.hpp"

#include <array>
#include <sstream>
#include <stdexcept>

#include "command.hpp"
#include "symbolize/elf_symbols.hpp"

namespace sonde::test {
namespace {

// "0000000000001139 0000000000000014 t name", without the size for a symbol that has none
std::vector<NmSymbol> parse_nm(const std::string& text) {
  std::vector<NmSymbol> symbols;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    NmSymbol symbol;
    std::string second;
    std::string type;
    fields >> std::hex >> symbol.address >> second;
    if (second.size() > 1) {
      symbol.size = std::stoull(second, nullptr, 16);
      fields >> type;
    } else {
      type = second;
    }
    std::getline(fields >> std::ws, symbol.name);
    symbol.type = type.front();
    symbols.push_back(symbol);
  }
  return symbols;
}

}  // namespace

std::vector<NmSymbol> nm_functions(const std::string& file, const std::string& options) {
  auto symbols = parse_nm(output_of("nm --defined-only -S " + options + " '" + file + "'"));
  std::erase_if(symbols, [](const NmSymbol& s) {
    return s.size == 0 || std::string_view("tTwWi").find(s.type) == std::string_view::npos;
  });
  if (symbols.empty()) throw std::runtime_error("nm lists no function in " + file);
  return symbols;
}

NmSymbol nm_symbol(const std::string& file, const std::string& name) {
  for (const NmSymbol& symbol : parse_nm(output_of("nm --defined-only -S '" + file + "'"))) {
    if (symbol.name == name) return symbol;
  }
  throw std::runtime_error("nm lists no " + name + " in " + file);
}

std::vector<std::string> names_in(const elf::Image& image, const std::string& path,
                                  const std::string& root, std::span<const std::uint64_t> vaddrs) {
  symbolize::DebugFiles files(image, path, root);
  return symbolize::find_elf_names(files, vaddrs);
}

std::string name_in(const std::string& file, std::uint64_t vaddr, const std::string& root) {
  const std::array wanted = {vaddr};
  return names_in(open_image(file), file, root, wanted).front();
}

}  // namespace sonde::test
