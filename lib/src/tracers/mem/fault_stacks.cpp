#include "tracers/mem/fault_stacks.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "syscalls/call_names.hpp"

namespace sonde::tracers {

const std::array<FaultMeasure, 6> kFaultMeasures = {{
    {SONDE_MEM_GROWTH,
     "fault_site",
     "Growth of resident memory",
     {"growth", "bytes", "bytes"},
     {"growths", "count", "count"},
     true,
     false},
    {SONDE_MEM_RELEASE,
     "release_site",
     "Resident memory given back",
     {"released", "bytes", "bytes"},
     {"releases", "count", "count"},
     true,
     true},
    {SONDE_MEM_MAP,
     "map_site",
     "Growth of address spaces",
     {"mapped", "bytes", "bytes"},
     {"maps", "count", "count"},
     false,
     true},
    {SONDE_MEM_UNMAP,
     "unmap_site",
     "Address space given back",
     {"unmapped", "bytes", "bytes"},
     {"unmaps", "count", "count"},
     false,
     true},
    {SONDE_MEM_COPY,
     "copy_site",
     "Writes to memory that was shared (copy on write)",
     {"copied", "bytes", "bytes"},
     {"copies", "count", "count"},
     false,
     true},
    {SONDE_MEM_MAJOR,
     "major_fault_site",
     "Faults that waited for a device",
     {"major_delay", "nanoseconds", "time_ns", "waiting"},
     {"major_faults", "count", "count"},
     false,
     true},
}};

namespace {

Value kind_name(std::uint32_t kind) {
  switch (kind) {
    case SONDE_MEM_FILE:
      return std::string("file");
    case SONDE_MEM_ANONYMOUS:
      return std::string("anonymous");
    case SONDE_MEM_SHMEM:
      return std::string("shmem");
    default:
      return std::monostate{};
  }
}

Value cause_name(std::uint32_t label) {
  const std::uint32_t cause = SONDE_MEM_CAUSE(label);
  switch (cause) {
    case SONDE_MEM_CAUSE_FAULT:
      return std::string("fault");
    case SONDE_MEM_CAUSE_FORK:
      return std::string("fork");
    case SONDE_MEM_CAUSE_EXEC:
      return std::string("execve");
    case SONDE_MEM_CAUSE_EXIT:
      return std::string("exit");
    case SONDE_MEM_CAUSE_KERNEL:
      return std::string("kernel");
    case SONDE_MEM_CAUSE_OTHER:
      return std::string("other process");
    case SONDE_MEM_CAUSE_UNKNOWN:
      return std::monostate{};
    default:
      return syscalls::call_name({static_cast<std::uint8_t>(SONDE_MEM_ABI(label)), cause});
  }
}

}  // namespace

FaultStacks::FaultStacks(std::vector<symbolize::RawStack>& counted) {
  const auto first =
      std::stable_partition(counted.begin(), counted.end(), [](const symbolize::RawStack& stack) {
        const std::uint32_t what = SONDE_MEM_WHAT(stack.label_id);
        return std::ranges::none_of(kFaultMeasures,
                                    [&](const FaultMeasure& m) { return m.what == what; });
      });
  stacks_.assign(std::make_move_iterator(first), std::make_move_iterator(counted.end()));
  counted.erase(first, counted.end());
}

std::vector<symbolize::RawStack> FaultStacks::take(const FaultMeasure& measure) {
  std::vector<symbolize::RawStack> taken;
  for (symbolize::RawStack& stack : stacks_) {
    if (SONDE_MEM_WHAT(stack.label_id) != measure.what) continue;
    if (measure.has_kind) stack.details.push_back(kind_name(SONDE_MEM_KIND(stack.label_id)));
    stack.details.push_back(cause_name(stack.label_id));
    taken.push_back(std::move(stack));
    stack.label_id = 0;
  }
  return taken;
}

void describe(const FaultMeasure& measure, StackProfile& profile) {
  profile.type = measure.type;
  profile.title = measure.title;
  profile.sample_types = {measure.weight, measure.count};
  profile.default_sample_type = measure.weight.type;
  profile.by_process = true;
  profile.secondary = measure.secondary;
  if (measure.has_kind) profile.details.push_back({"kind", "KIND"});
  profile.details.push_back({"cause", "CAUSE"});
}

}  // namespace sonde::tracers
