#include "tracers/net/drop_names.hpp"

#include <utility>
#include <vector>

#include "core/kernel_lookup.hpp"
#include "shared/drop_event.h"

namespace sonde::tracers {

using core::Feature;

DropNames::DropNames(const core::FeatureSet& features)
    : features_(features), symbolizer_(symbolizer_options()) {
}

// Asked when there is something to name, and by then the skeleton is loaded.
symbolize::SymbolizerOptions DropNames::symbolizer_options() const {
  symbolize::SymbolizerOptions options;
  const bool lookup = features_.has(Feature::kernel_lookup);
  options.kernel_symbols = lookup || features_.has(Feature::kallsyms);
  if (lookup) {
    options.kernel_names = [this](std::span<const std::uint64_t> addresses) {
      return core::look_up_kernel_names(::bpf_program__fd(skeleton_->progs.ksym_names),
                                        skeleton_->bss->ksym_exchange, addresses);
    };
  }
  return options;
}

Result<void> DropNames::configure(net_bpf& skeleton) {
  skeleton_ = &skeleton;
  ::bpf_program__set_autoload(skeleton.progs.ksym_names, features_.has(Feature::kernel_lookup));
  if (!features_.has(Feature::drop_reasons)) return {};
  auto reasons = core::DropReasons::of_this_kernel();
  if (!reasons) return tl::unexpected(reasons.error());
  reasons_.emplace(std::move(*reasons));
  auto& rodata = *skeleton.rodata;
  rodata.drop_not_dropped = reasons_->number("NOT_DROPPED_YET").value_or(0);
  rodata.drop_consumed = reasons_->number("CONSUMED").value_or(rodata.drop_not_dropped);
  rodata.cause_purged = reasons_->number("QUEUE_PURGE").value_or(rodata.drop_not_dropped);
  return {};
}

std::string DropNames::reason(std::uint32_t number) {
  if (!reasons_ || number == SONDE_DROP_NO_REASON) return "unknown";
  return reasons_->name(number);
}

// Each is a stack of one frame to the symbolizer.
void DropNames::learn(const std::set<std::uint64_t>& locations) {
  std::vector<symbolize::RawStack> unnamed;
  for (const std::uint64_t location : locations) {
    if (!functions_.try_emplace(location).second) continue;
    symbolize::RawStack stack;
    stack.pid = static_cast<std::int32_t>(unnamed.size());
    // A return address, and those are looked up as the call before them: but as a leaf it would not
    // be.
    stack.kernel = {location - 1};
    stack.values = {1};
    unnamed.push_back(std::move(stack));
  }
  if (unnamed.empty()) return;
  const StackProfile profile = symbolizer_.symbolize(unnamed, process::AddressSpaces{});
  for (const Stack& stack : profile.stacks) {
    const symbolize::RawStack& raw = unnamed[static_cast<std::size_t>(stack.pid)];
    if (!stack.frames.empty())
      functions_[raw.kernel.front() + 1] = profile.frames[stack.frames.front()].name;
  }
}

const std::string& DropNames::function(std::uint64_t location) {
  learn({location});
  return functions_.at(location);
}

}  // namespace sonde::tracers
