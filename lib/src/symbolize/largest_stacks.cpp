#include "symbolize/largest_stacks.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "process/frame_files.hpp"

namespace sonde::symbolize {
namespace {

/// Whose equal stacks are one.
enum class Owner { thread, program };

/// Stacks that are the same.
struct Group {
  const RawStack* first = nullptr;
  std::vector<std::uint64_t> values = {};
  bool several_threads = false;
};

void add(std::vector<std::uint64_t>& sums, const std::vector<std::uint64_t>& values) {
  sums.resize(std::max(sums.size(), values.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    sums[i] += values[i];
}

// An address means the same in another process only if it is a place in a file.
bool means_the_same_elsewhere(const RawStack& stack) {
  return std::ranges::all_of(stack.user, process::FrameFiles::names_file);
}

bool same_thread(const RawStack& a, const RawStack& b) {
  return a.pid == b.pid && a.tid == b.tid;
}

struct Hash {
  Owner owner;
  std::size_t operator()(const RawStack* stack) const {
    std::size_t hash = std::hash<std::string_view>{}(stack->comm);
    const auto mix = [&hash](std::uint64_t value) {
      hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
      hash ^= hash >> 32;
    };
    if (owner == Owner::thread) mix(static_cast<std::uint64_t>(stack->tid));
    for (const std::uint64_t frame : stack->kernel)
      mix(frame);
    for (const std::uint64_t frame : stack->user)
      mix(frame);
    return hash;
  }
};

struct Equal {
  Owner owner;
  bool operator()(const RawStack* a, const RawStack* b) const {
    const auto content = [](const RawStack& stack) {
      return std::tie(stack.left_out, stack.comm, stack.label, stack.details, stack.kernel,
                      stack.user);
    };
    return content(*a) == content(*b) &&
           (same_thread(*a, *b) || (owner == Owner::program && means_the_same_elsewhere(*a)));
  }
};

std::vector<Group> group(std::span<const RawStack> stacks, Owner owner) {
  std::unordered_map<const RawStack*, std::size_t, Hash, Equal> known(stacks.size(), Hash{owner},
                                                                      Equal{owner});
  std::vector<Group> groups;
  for (const RawStack& stack : stacks) {
    const auto [at, is_new] = known.try_emplace(&stack, groups.size());
    if (is_new) groups.push_back({&stack});
    Group& of = groups[at->second];
    add(of.values, stack.values);
    of.several_threads = of.several_threads || !same_thread(*of.first, stack);
  }
  return groups;
}

RawStack stack_of(Group& group) {
  RawStack stack = *group.first;
  stack.values = std::move(group.values);
  if (group.several_threads) stack.pid = stack.tid = 0;
  return stack;
}

void add_sums(std::span<const Group> others, std::vector<RawStack>& stacks) {
  std::map<std::tuple<std::string, std::string, std::vector<Value>>, RawStack> sums;
  for (const Group& group : others) {
    const RawStack& stack = *group.first;
    RawStack& sum = sums[{stack.comm, stack.label, stack.details}];
    sum.comm = stack.comm;
    sum.label = stack.label;
    sum.details = stack.details;
    sum.left_out = true;
    add(sum.values, group.values);
  }
  for (auto& [key, sum] : sums)
    stacks.push_back(std::move(sum));
}

// In StackProfile's order.
bool is_larger(const Group& a, const Group& b) {
  return !a.values.empty() && !b.values.empty() && a.values.front() > b.values.front();
}

}  // namespace

std::vector<RawStack> largest_stacks(std::span<const RawStack> stacks, std::size_t most) {
  if (stacks.size() <= most) return {stacks.begin(), stacks.end()};
  std::vector<Group> groups = group(stacks, Owner::thread);
  if (groups.size() > most) groups = group(stacks, Owner::program);
  const auto kept = static_cast<std::ptrdiff_t>(std::min(most, groups.size()));
  if (groups.size() > most) std::ranges::nth_element(groups, groups.begin() + kept, is_larger);
  std::vector<RawStack> largest;
  std::transform(groups.begin(), groups.begin() + kept, std::back_inserter(largest), stack_of);
  add_sums(std::span(groups).subspan(static_cast<std::size_t>(kept)), largest);
  return largest;
}

}  // namespace sonde::symbolize
