#include "report/rest.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace sonde::report {

void fold_rest(StackProfile& profile, std::size_t most) {
  std::vector<Stack>& stacks = profile.stacks;
  if (stacks.size() <= most) return;
  const auto frame = static_cast<std::uint32_t>(profile.frames.size());
  profile.frames.push_back({.name = kOtherStacks});
  std::map<std::vector<Value>, std::vector<std::uint64_t>> sums;
  const auto first = stacks.begin() + static_cast<std::ptrdiff_t>(most);
  for (auto stack = first; stack != stacks.end(); ++stack) {
    std::vector<std::uint64_t>& sum = sums[std::move(stack->details)];
    sum.resize(stack->values.size());
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += stack->values[i];
  }
  stacks.erase(first, stacks.end());
  for (auto& [details, values] : sums) {
    Stack rest;
    rest.frames = {frame};
    rest.values = std::move(values);
    rest.details = details;
    stacks.push_back(std::move(rest));
  }
  std::ranges::stable_sort(stacks, [](const Stack& a, const Stack& b) {
    return !a.values.empty() && !b.values.empty() && a.values[0] > b.values[0];
  });
}

}  // namespace sonde::report
