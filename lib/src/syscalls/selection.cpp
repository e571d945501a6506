#include "syscalls/selection.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "syscalls/abi.hpp"
#include "syscalls/call_names.hpp"
#include "syscalls/classes.hpp"
#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::syscalls {
namespace {

constexpr std::string_view kUringPrefix = "io_uring:";
constexpr std::string_view kUringClass = "io_uring";

Selection everything() {
  Selection all;
  for (auto& numbers : all.numbers)
    numbers.fill(~std::uint64_t{0});
  all.others = true;
  all.everything = true;
  return all;
}

void set(Selection& selection, std::uint8_t abi, std::uint32_t number, bool wanted) {
  const std::uint64_t bit = std::uint64_t{1} << number % 64;
  std::uint64_t& word = selection.numbers[abi][number / 64];
  word = wanted ? word | bit : word & ~bit;
}

// In the native and in the 32-bit table; false if neither has it.
bool set_call(Selection& selection, std::string_view name, bool wanted) {
  bool found = false;
  for (const auto abi : {std::uint8_t{SONDE_ABI_NATIVE}, std::uint8_t{SONDE_ABI_COMPAT}}) {
    const auto number = call_number(abi, name);
    if (!number || *number >= SONDE_CALL_NUMBERS) continue;
    set(selection, abi, *number, wanted);
    found = true;
  }
  return found;
}

tl::unexpected<Error> unknown(std::string_view what, std::string_view name,
                              std::span<const std::string_view> known, std::string hint) {
  return fail(ErrorCode::ConfigError,
              fmt::format("unknown {} '{}'{}", what, name, did_you_mean(name, known)),
              std::move(hint));
}

Result<void> set_class(Selection& selection, std::string_view name, bool wanted) {
  if (name == kUringClass) {
    selection.numbers[SONDE_ABI_URING].fill(wanted ? ~std::uint64_t{0} : 0);
    return {};
  }
  std::vector<std::string_view> names = {kUringClass};
  for (const CallClass& known : call_classes()) {
    names.push_back(known.name);
    if (known.name != name) continue;
    for (const std::string_view call : known.calls)
      set_call(selection, call, wanted);
    return {};
  }
  return unknown("class", name, names, fmt::format("The classes are %{}", fmt::join(names, ", %")));
}

Result<void> set_operation(Selection& selection, std::string_view name, bool wanted) {
  const auto number = call_number(SONDE_ABI_URING, name);
  if (!number) return unknown("io_uring operation", name, uring_names(), {});
  set(selection, SONDE_ABI_URING, *number, wanted);
  return {};
}

Result<void> set_item(Selection& selection, std::string_view item, bool wanted) {
  if (item == "all") {
    selection = wanted ? everything() : Selection{};
    return {};
  }
  if (item.starts_with('%')) return set_class(selection, item.substr(1), wanted);
  if (item.starts_with(kUringPrefix))
    return set_operation(selection, item.substr(kUringPrefix.size()), wanted);
  if (set_call(selection, item, wanted)) return {};
  std::vector<std::string_view> names(native_names().begin(), native_names().end());
  names.insert(names.end(), compat_names().begin(), compat_names().end());
  return unknown("system call", item, names, "Classes begin with '%', such as %file");
}

Result<void> add_expression(Selection& selection, std::string_view expression) {
  const bool wanted = !expression.starts_with('!');
  std::string_view rest = wanted ? expression : expression.substr(1);
  selection.everything = false;
  for (;;) {
    const auto comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    if (item.empty()) {
      return fail(ErrorCode::ConfigError,
                  fmt::format("an empty name in the list of system calls '{}'", expression),
                  "Give names with commas between them, such as openat,read");
    }
    if (auto done = set_item(selection, item, wanted); !done) return done;
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

bool Selection::has(std::uint8_t abi, std::uint32_t number) const noexcept {
  if (everything) return true;
  if (number >= SONDE_CALL_NUMBERS) return others;
  return (numbers[abi % SONDE_ABI_COUNT][number / 64] >> number % 64 & 1) != 0;
}

Result<Selection> parse_selection(std::span<const std::string> expressions) {
  if (expressions.empty()) return everything();
  Selection selection;
  if (expressions.front().starts_with('!')) selection = everything();
  for (const std::string& expression : expressions) {
    if (auto added = add_expression(selection, expression); !added)
      return tl::unexpected(added.error());
  }
  return selection;
}

}  // namespace sonde::syscalls
