#include "render/profile_totals.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace sonde::render {
namespace {

std::uint64_t first_value(const Stack& stack) {
  return stack.values.empty() ? 0 : stack.values[0];
}

std::vector<FunctionTotal> sum_functions(const StackProfile& profile) {
  // One function has a frame for each of its addresses.
  std::map<std::pair<std::string_view, std::uint32_t>, std::size_t> known;
  std::vector<FunctionTotal> functions;
  const auto function_of = [&](std::string_view name, std::uint32_t module) {
    const auto [place, added] = known.try_emplace({name, module}, functions.size());
    if (added) functions.push_back({name, module, 0, 0});
    return place->second;
  };
  std::vector<std::size_t> function_of_frame;
  for (const Frame& frame : profile.frames) {
    function_of_frame.push_back(function_of(frame.name, frame.module));
  }

  std::vector<std::size_t> last_stack(functions.size() + 1, SIZE_MAX);
  for (std::size_t number = 0; number < profile.stacks.size(); ++number) {
    const Stack& stack = profile.stacks[number];
    const std::uint64_t value = first_value(stack);
    if (stack.frames.empty()) {
      FunctionTotal& none = functions[function_of(kNoStack, kNoModule)];
      none.self += value;
      none.total += value;
      continue;
    }
    functions[function_of_frame[stack.frames[0]]].self += value;
    for (const std::uint32_t frame : stack.frames) {
      const std::size_t function = function_of_frame[frame];
      if (std::exchange(last_stack[function], number) != number) functions[function].total += value;
    }
  }
  std::sort(functions.begin(), functions.end(), [](const FunctionTotal& a, const FunctionTotal& b) {
    return std::tie(b.self, b.total, a.name, a.module) <
           std::tie(a.self, a.total, b.name, b.module);
  });
  // Frames that no stack uses.
  std::erase_if(functions, [](const FunctionTotal& f) { return f.total == 0; });
  return functions;
}

std::size_t cpu_time_index(const StackProfile& profile) {
  const auto found =
      std::find_if(profile.sample_types.begin(), profile.sample_types.end(),
                   [](const SampleType& t) { return t.type == "cpu" && t.unit == "nanoseconds"; });
  return static_cast<std::size_t>(found - profile.sample_types.begin());
}

std::vector<ProcessTotal> sum_processes(const StackProfile& profile) {
  struct Sum {
    std::uint64_t value = 0;
    std::uint64_t cpu_ns = 0;
    std::map<std::string_view, std::uint64_t> names;
    std::optional<std::string_view> main_name;
  };
  const std::size_t cpu_index = cpu_time_index(profile);
  const bool has_cpu_time = cpu_index < profile.sample_types.size() || profile.period_ns != 0;
  std::map<std::int32_t, Sum> sums;
  for (const Stack& stack : profile.stacks) {
    Sum& sum = sums[stack.pid];
    const std::uint64_t value = first_value(stack);
    sum.value += value;
    sum.cpu_ns +=
        cpu_index < stack.values.size() ? stack.values[cpu_index] : value * profile.period_ns;
    sum.names[stack.comm] += value;
    if (stack.tid == stack.pid && !sum.main_name) sum.main_name = stack.comm;
  }
  std::vector<ProcessTotal> processes;
  for (const auto& [pid, sum] : sums) {
    const auto most =
        std::max_element(sum.names.begin(), sum.names.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    ProcessTotal process{pid, std::string(sum.main_name.value_or(most->first)),
                         sum.names.size() - 1, sum.value, std::nullopt};
    if (has_cpu_time) process.cpu_ns = sum.cpu_ns;
    processes.push_back(std::move(process));
  }
  std::stable_sort(processes.begin(), processes.end(),
                   [](const ProcessTotal& a, const ProcessTotal& b) { return a.value > b.value; });
  return processes;
}

std::vector<DetailTotal> sum_details(const StackProfile& profile) {
  if (profile.details.empty()) return {};
  std::map<std::vector<Value>, std::uint64_t> sums;
  for (const Stack& stack : profile.stacks)
    sums[stack.details] += first_value(stack);
  std::vector<DetailTotal> totals;
  for (const auto& [details, value] : sums)
    totals.push_back({details, value});
  std::stable_sort(totals.begin(), totals.end(),
                   [](const DetailTotal& a, const DetailTotal& b) { return a.value > b.value; });
  return totals;
}

}  // namespace

ProfileTotals totals_of(const StackProfile& profile) {
  ProfileTotals totals;
  for (const Stack& stack : profile.stacks)
    totals.value += first_value(stack);
  totals.functions = sum_functions(profile);
  totals.processes = sum_processes(profile);
  totals.details = sum_details(profile);
  return totals;
}

std::pair<std::vector<StackTotal>, std::size_t> largest_stacks(const StackProfile& profile,
                                                               std::size_t most) {
  std::map<std::vector<std::string_view>, std::uint64_t> sums;
  for (const Stack& stack : profile.stacks) {
    std::vector<std::string_view> functions;
    for (const std::uint32_t frame : stack.frames)
      functions.push_back(profile.frames[frame].name);
    if (functions.empty()) functions.push_back(kNoStack);
    sums[std::move(functions)] += first_value(stack);
  }
  std::vector<StackTotal> totals;
  for (const auto& [functions, value] : sums)
    totals.push_back({functions, value});
  std::stable_sort(totals.begin(), totals.end(),
                   [](const StackTotal& a, const StackTotal& b) { return a.value > b.value; });
  const std::size_t all = totals.size();
  totals.resize(std::min(all, most));
  return {std::move(totals), all};
}

std::string_view module_path(const StackProfile& profile, std::uint32_t module) {
  return module < profile.modules.size() ? std::string_view(profile.modules[module].path)
                                         : std::string_view();
}

}  // namespace sonde::render
