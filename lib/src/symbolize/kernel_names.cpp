#include "symbolize/kernel_names.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "elf/image.hpp"
#include "process/regular_file.hpp"

namespace sonde::symbolize {
namespace {

constexpr const char* kCore = "[kernel]";

// "vfs_read", "ext4_readdir [ext4]", "0xffffffffc0000000".
KernelSymbol parse_kernel_text(std::string_view text) {
  if (text.starts_with("0x")) return {};
  const std::size_t module = text.find(" [");
  if (module == std::string_view::npos) return {std::string(text), kCore};
  return {std::string(text.substr(0, module)), std::string(text.substr(module + 1))};
}

Result<std::vector<KernelSymbol>> find_symbols(const SymbolizerOptions& options,
                                               std::span<const std::uint64_t> addresses) {
  if (!options.kernel_names) return find_kernel_symbols(options.root, addresses);
  const auto texts = options.kernel_names(addresses);
  if (!texts) return tl::unexpected(texts.error());
  std::vector<KernelSymbol> symbols;
  for (const std::string& text : *texts)
    symbols.push_back(parse_kernel_text(text));
  symbols.resize(addresses.size());
  return symbols;
}

}  // namespace

void KernelNames::resolve(const SymbolizerOptions& options, SymbolCache& cache, Notices& notices) {
  if (wanted_.sorted().empty()) return;
  const std::string notes = process::read_text(options.root + "/sys/kernel/notes");
  build_id_ = elf::find_build_id(std::as_bytes(std::span(notes)));

  // Only the core's names are kept for the next time: modules and BPF programs come and go.
  SymbolCache::Symbols& cached = cache.symbols_of(kCore);
  std::vector<std::uint64_t> missing;
  for (const std::uint64_t address : wanted_.sorted()) {
    const auto known = cached.find(address);
    if (known == cached.end()) {
      missing.push_back(address);
    } else {
      found_.emplace(address, KernelSymbol{*known->second.name, kCore});
    }
  }
  if (missing.empty()) return;
  if (!options.kernel_symbols) return;
  auto symbols = find_symbols(options, missing);
  if (!symbols) {
    const bool hidden = symbols.error().code == ErrorCode::InsufficientPermissions;
    notices.add(
        fmt::format("{}: kernel frames have no names{}",
                    hidden ? symbols.error().what : symbols.error().message(),
                    hidden ? " (needs CAP_SYSLOG, or the sysctl kernel.kptr_restrict=0)" : ""));
    return;
  }
  for (std::size_t i = 0; i < missing.size(); ++i) {
    KernelSymbol& symbol = (*symbols)[i];
    if (symbol.name.empty()) continue;
    if (symbol.module == kCore) {
      cache.add(cached, missing[i], {cache.intern(symbol.name), {}});
    }
    found_.emplace(missing[i], std::move(symbol));
  }
}

const KernelSymbol* KernelNames::find(std::uint64_t address) const {
  const auto found = found_.find(address);
  return found == found_.end() ? nullptr : &found->second;
}

}  // namespace sonde::symbolize
