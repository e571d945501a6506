#include "symbolize/source_calls.hpp"

#include <string>
#include <vector>

#include "dwarf/debug_info.hpp"
#include "symbolize/demangle.hpp"

namespace sonde::symbolize {

DebugInformation add_source_calls(DebugFiles& files, std::span<const std::uint64_t> vaddrs,
                                  std::span<Symbol> symbols, SymbolCache& cache) {
  const elf::Image* const debug = files.with_debug_info();
  if (debug == nullptr) {
    const elf::Image* const separate = files.separate();
    const bool unread = dwarf::is_compressed_otherwise(files.image()) ||
                        (separate != nullptr && dwarf::is_compressed_otherwise(*separate));
    return unread ? DebugInformation::compressed_otherwise : DebugInformation::complete;
  }
  const dwarf::AddressInfo info = dwarf::look_up(*debug, files.alternate(), vaddrs);
  std::vector<const std::string*> names;
  for (const dwarf::FunctionName& name : info.names) {
    names.push_back(name.text.empty() ? nullptr : cache.intern(name.within + demangle(name.text)));
  }
  std::vector<const std::string*> paths;
  for (const std::string& path : info.files)
    paths.push_back(cache.intern(path));
  const auto source_of = [&](const dwarf::Call& call) {
    return call.file == dwarf::kNone ? SourceLine{} : SourceLine{paths[call.file], call.line};
  };
  const auto name_of = [&](const dwarf::Call& call) {
    return call.name == dwarf::kNone ? nullptr : names[call.name];
  };
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (info.calls[i].empty()) continue;
    const dwarf::Call& function = info.calls[i].back();
    symbols[i].source = source_of(function);
    // The symbol table's is the name that callers link to.
    if (symbols[i].name == nullptr) symbols[i].name = name_of(function);
    for (const dwarf::Call& call : std::span(info.calls[i]).first(info.calls[i].size() - 1))
      symbols[i].inlined.push_back({name_of(call), source_of(call)});
  }
  if (info.gave_up) return DebugInformation::cut;
  return info.is_split ? DebugInformation::split : DebugInformation::complete;
}

}  // namespace sonde::symbolize
