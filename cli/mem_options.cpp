#include "mem_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <string_view>

#include "config/limits.hpp"
#include "flag_values.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

constexpr const char* kWhat = "What to record";
constexpr const char* kAlloc = "Allocations";

// A percentage above 0, or "none", which is 0 in the configuration.
Result<double> parse_overhead(std::string_view text) {
  constexpr std::string_view kFlag = "--max-overhead";
  if (text == "none") return 0;
  if (text.ends_with('%')) text.remove_suffix(1);
  double percent = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, percent);
  if (error == std::errc{} && rest == end && percent > 0 && percent <= config::kMostPercent)
    return percent;
  return fail(ErrorCode::ConfigError,
              fmt::format("{}: '{}' is not a percentage above 0", kFlag, text),
              "Give a number such as 5 or 200, or 'none'");
}

}  // namespace

void MemFlags::add_to(CLI::App& app) {
  const auto latest = CLI::MultiOptionPolicy::TakeLast;
  app.add_flag("--kernel", kernel,
               "Also what the kernel allocates and does not free, and why processes were killed "
               "for want of memory")
      ->group(kWhat);
  unwind.add_to(app, kWhat);
  app.add_option("--sample-bytes", sample_bytes,
                 "Sample once in SIZE bytes on average; 1: everything (default: 64K of "
                 "allocations; of resident memory 1, or 16K in the whole system)")
      ->type_name("SIZE")
      ->multi_option_policy(latest)
      ->group(kWhat);
  auto* const wanted =
      app.add_flag("--page-faults", page_faults,
                   "Also copies on write, and faults that waited for a device; on by default, but "
                   "for --env production")
          ->group(kWhat);
  app.add_flag("--no-page-faults", no_page_faults, "Leave them out, which costs each fault less")
      ->excludes(wanted)
      ->group(kWhat);
  app.add_option("--max-stacks", max_stacks,
                 "Of each measure the N largest stacks only, the others added up; 0: all")
      ->type_name("N")
      ->multi_option_policy(latest)
      ->group(kWhat);
  app.add_flag("--alloc", alloc,
               "What malloc and what is like it give out, instead of resident memory")
      ->group(kAlloc);
  app.add_flag("--live", live, "Also what of it was not freed, and what keeps growing")
      ->group(kAlloc);
  app.add_option("--older-than", older_than, "With --live: only what is at least this old")
      ->type_name("TIME")
      ->multi_option_policy(latest)
      ->group(kAlloc);
  app.add_option("--max-overhead", max_overhead,
                 "Most that it may cost the target, in percent of its CPU time, or none for no "
                 "limit (default: 40, with --live 160)")
      ->type_name("PERCENT")
      ->multi_option_policy(latest)
      ->group(kAlloc);
}

Result<void> MemFlags::apply(EbpfConfig& config) const {
  MemoryOptions& options = config.memory;
  if (kernel) options.kernel = true;
  if (live) options.live = true;
  if (alloc || live) options.alloc = true;
  if (!sample_bytes.empty()) {
    const auto bytes = parse_size("--sample-bytes", sample_bytes, config::kSampleBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    options.sample_bytes = *bytes;
    options.fault_sample_bytes = *bytes;
  }
  if (page_faults || no_page_faults) options.page_faults = page_faults;
  if (!max_stacks.empty()) {
    const auto count = parse_count("--max-stacks", max_stacks, config::kMaxStacks);
    if (!count) return tl::unexpected(count.error());
    options.max_stacks = *count;
  }
  if (!older_than.empty()) {
    const auto time = parse_time("--older-than", older_than);
    if (!time) return tl::unexpected(time.error());
    options.older_than = *time;
  }
  if (!max_overhead.empty()) {
    const auto percent = parse_overhead(max_overhead);
    if (!percent) return tl::unexpected(percent.error());
    options.max_overhead_percent = *percent;
  }
  if (options.older_than.count() > 0 && !options.live) {
    return fail(ErrorCode::ConfigError, "--older-than: only --live tells how old memory is",
                "Add --live");
  }
  return unwind.apply(config);
}

}  // namespace sonde::cli
