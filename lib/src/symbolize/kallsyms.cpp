#include "symbolize/kallsyms.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "process/regular_file.hpp"
#include "symbolize/line_reader.hpp"
#include "symbolize/nearest_symbols.hpp"
#include "util/fail.hpp"

namespace sonde::symbolize {
namespace {

constexpr std::uint64_t kMostText = std::uint64_t{256} << 20;
// There are no sizes. No function is this long: beyond it lies memory whose symbols are not shown,
// such as that of BPF programs without CAP_SYS_ADMIN.
constexpr std::uint64_t kLongestFunction = std::uint64_t{256} * 1024;

struct Entry {
  std::uint64_t address = 0;
  char type = 0;
  std::string_view name;
  std::string_view module;  // with its brackets
};

// "ffffffff81000000 T _text" or "ffffffffc0345000 t foo\t[module]"
std::optional<Entry> parse_line(std::string_view line) {
  Entry entry;
  const char* const end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, entry.address, 16);
  if (error != std::errc{} || end - rest < 4 || rest[0] != ' ' || rest[2] != ' ') {
    return std::nullopt;
  }
  entry.type = rest[1];
  line.remove_prefix(static_cast<std::size_t>(rest - line.data()) + 3);
  const std::size_t tab = line.find('\t');
  entry.name = line.substr(0, tab);
  entry.module = tab == std::string_view::npos ? "[kernel]" : line.substr(tab + 1);
  return entry;
}

bool is_code(char type) {
  return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

struct Nearest {
  std::uint64_t address = 0;
  char type = 0;
  KernelSymbol symbol;
};

// At one address code wins over data, then exported over local, then the nicer name.
bool replaces(const Entry& entry, const std::optional<Nearest>& current) {
  if (!current || entry.address != current->address) {
    return !current || entry.address > current->address;
  }
  const auto rank = [](char type) { return is_code(type) ? (type == 't' ? 1 : 2) : 0; };
  if (rank(entry.type) != rank(current->type)) return rank(entry.type) > rank(current->type);
  return is_nicer_name(entry.name, current->symbol.name);
}

}  // namespace

Result<std::vector<KernelSymbol>> find_kernel_symbols(const std::string& root,
                                                      std::span<const std::uint64_t> addresses) {
  const UniqueFd fd = process::open_regular(root + "/proc/kallsyms");
  if (!fd) return fail_errno(ErrorCode::EventProcessingFailed, "open /proc/kallsyms");
  // At i the last symbol to start in (addresses[i-1], addresses[i]].
  std::vector<std::optional<Nearest>> starting(addresses.size());
  bool any_address = false;
  LineReader lines(fd.get(), kMostText);
  for (LineReader::Line line; lines.next(line);) {
    const std::optional<Entry> entry = parse_line(line.text);
    if (!entry) continue;
    any_address |= entry->address != 0;
    const auto slot = std::lower_bound(addresses.begin(), addresses.end(), entry->address);
    if (slot == addresses.end()) continue;
    auto& nearest = starting[static_cast<std::size_t>(slot - addresses.begin())];
    if (!replaces(*entry, nearest)) continue;
    nearest = {entry->address, entry->type, {std::string(entry->name), std::string(entry->module)}};
  }
  if (!any_address) {
    return fail(ErrorCode::InsufficientPermissions, "/proc/kallsyms shows zeros",
                "It needs CAP_SYSLOG, or the sysctl kernel.kptr_restrict=0");
  }
  std::vector<KernelSymbol> found(addresses.size());
  const Nearest* before = nullptr;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (starting[i]) before = &*starting[i];
    if (before == nullptr || !is_code(before->type)) continue;
    if (addresses[i] - before->address < kLongestFunction) found[i] = before->symbol;
  }
  return found;
}

}  // namespace sonde::symbolize
