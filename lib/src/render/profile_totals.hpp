// Sums over a stack profile: by function and by process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sonde/report.hpp>

namespace sonde::render {

/// Name of the function that stands for a stack without frames, so that the shares still add up to
/// 100 %.
inline constexpr std::string_view kNoStack = "[no stack]";

struct FunctionTotal {
  std::string_view name;
  std::uint32_t module = kNoModule;
  /// Where it is the leaf.
  std::uint64_t self = 0;
  /// Where it is anywhere on the stack; once per stack, however often it recurs.
  std::uint64_t total = 0;
};

struct ProcessTotal {
  std::int32_t pid = 0;
  /// Of the main thread if it was seen, else the most frequent one; as in Stack, any bytes.
  std::string comm;
  /// Distinct names of its other threads.
  std::size_t other_names = 0;
  std::uint64_t value = 0;
  std::optional<std::uint64_t> cpu_ns;
};

/// Of the stacks with one combination of StackProfile::details.
struct DetailTotal {
  std::vector<Value> details;
  std::uint64_t value = 0;
};

/// Sums of each stack's first value. Refers to the profile, which must outlive it.
struct ProfileTotals {
  std::uint64_t value = 0;
  /// By self, then total, largest first.
  std::vector<FunctionTotal> functions;
  /// By value, largest first.
  std::vector<ProcessTotal> processes;
  /// By value, largest first; empty for a profile without details.
  std::vector<DetailTotal> details;
};

ProfileTotals totals_of(const StackProfile& profile);

/// Of all processes that have the stack.
struct StackTotal {
  /// Names of its functions, leaf first; kNoStack for one without frames.
  std::vector<std::string_view> functions;
  std::uint64_t value = 0;
};

/// The `most` largest sums of stacks' first values by functions, wherever in these they are,
/// largest first, and how many there are in all. Refers to the profile.
std::pair<std::vector<StackTotal>, std::size_t> largest_stacks(const StackProfile& profile,
                                                               std::size_t most);

/// The module's path, or "" if there is none.
std::string_view module_path(const StackProfile& profile, std::uint32_t module);

}  // namespace sonde::render
