#include <fcntl.h>
#include <fmt/format.h>

#include <sonde/probe_sites.hpp>

#include "core/features.hpp"
#include "core/kernel_error.hpp"
#include "core/libbpf_log.hpp"
#include "core/trap_cost.hpp"
#include "core/uprobe_links.hpp"
#include "elf/image.hpp"
#include "probe/site.hpp"
#include "util/fail.hpp"
#include "util/similar.hpp"
#include "util/unique_fd.hpp"

namespace sonde {
namespace {

Error no_such_function(const elf::Image& image, const std::string& binary,
                       const std::string& function) {
  const auto all = probe::find_functions(image, [](std::string_view) { return true; });
  if (all.empty()) {
    return {ErrorCode::ConfigError,
            0,
            fmt::format("{} has no symbols", binary),
            "Give a file that was not stripped",
            {}};
  }
  std::vector<std::string_view> names;
  for (const probe::Function& each : all)
    names.push_back(each.name);
  return {ErrorCode::ConfigError,
          0,
          fmt::format("no function '{}' in {}{}", function, binary, did_you_mean(function, names)),
          "'nm -D FILE' and 'nm FILE' list what it has",
          {}};
}

Result<ProbeSite> describe(const elf::Image& image, const probe::Function& function,
                           ProbeSite::Probe probe, const std::optional<core::TrapCost>& cost) {
  const bool return_probe = probe == ProbeSite::Probe::return_;
  const auto site = probe::find_site(image, function, {std::nullopt, return_probe});
  if (!site) return tl::unexpected(site.error());
  ProbeSite described;
  described.probe = probe;
  described.function = function.name;
  described.from_entry_bytes = site->from_entry;
  described.file_offset = site->file_offset;
  described.instruction = site->instruction;
  described.emulated = site->emulated();
  if (cost && !return_probe)
    described.cost_ns = site->emulated() ? cost->emulated_ns : cost->stepped_ns;
  return described;
}

Result<core::TrapCost> measure_cost(const core::FeatureSet& features) {
  if (auto met = core::check_requirements(features); !met) return tl::unexpected(met.error());
  const core::LibbpfLog quiet;
  if (features.has(core::Feature::uprobe_multi))
    return core::measure_trap_cost(core::kUprobeMultiAttachType);
  if (features.has(core::Feature::uprobe_events))
    return core::measure_trap_cost(core::kUprobeEventAttachType);
  return fail(ErrorCode::IncompatibleKernel, "this kernel has no breakpoints for BPF programs",
              "Boot Linux 5.15 or later");
}

}  // namespace

Result<ProbeSites> find_probe_sites(const std::string& binary, const std::string& function,
                                    const EbpfConfig& config) {
  core::FeatureSet features;
  if (auto disabled = features.disable(config.disabled_features); !disabled)
    return tl::unexpected(disabled.error());
  UniqueFd file(::open(binary.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return fail_errno(ErrorCode::ConfigError, "open " + binary);
  const auto image = elf::Image::open(ByteSource(std::move(file)));
  if (!image) {
    return fail(ErrorCode::ConfigError, binary + ": " + image.error().message(),
                "Give a program or a shared library");
  }
  const auto functions =
      probe::find_functions(*image, [&](std::string_view name) { return name == function; });
  if (functions.empty()) return tl::unexpected(no_such_function(*image, binary, function));

  ProbeSites found;
  std::optional<core::TrapCost> cost;
  if (const auto measured = measure_cost(features); measured)
    cost = *measured;
  else
    found.problem = measured.error().message();
  for (const probe::Function& each : functions) {
    for (const auto probe : {ProbeSite::Probe::entry, ProbeSite::Probe::return_}) {
      auto site = describe(*image, each, probe, cost);
      if (!site) return tl::unexpected(std::move(site.error()));
      found.sites.push_back(std::move(*site));
    }
  }
  return found;
}

}  // namespace sonde
