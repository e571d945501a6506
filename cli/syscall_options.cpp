#include "syscall_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "arguments.hpp"
#include "config/limits.hpp"
#include "config/syscall_names.hpp"
#include "flag_values.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

constexpr const char* kWhich = "Which calls (default: all)";
constexpr const char* kWhat = "What to record";

tl::unexpected<Error> conflict(std::string_view flag, std::string_view other,
                               std::string_view why) {
  return fail(ErrorCode::ConfigError,
              fmt::format("{} cannot be combined with {}: {}", flag, other, why));
}

tl::unexpected<Error> needs(std::string_view flag, std::string_view other) {
  return fail(ErrorCode::ConfigError, fmt::format("{} needs {}", flag, other));
}

Result<void> check_count(const SyscallOptions& options) {
  constexpr std::string_view kFlag = "--count";
  constexpr std::string_view kWhy = "it does not measure how long calls take";
  if (options.latency) return {};
  if (options.histograms) return conflict(kFlag, "--histogram", kWhy);
  if (options.min_latency.count() > 0) return conflict(kFlag, "--min-latency", kWhy);
  if (options.trace) return conflict(kFlag, "--trace", kWhy);
  if (options.stacks && options.stack_weight == StackWeight::time) {
    return conflict(kFlag, "--weight time", kWhy);
  }
  return {};
}

Result<void> check_trace(const SyscallOptions& options) {
  constexpr std::string_view kFlag = "--trace";
  constexpr std::string_view kWhy = "it shows each call, and no sums";
  if (!options.trace) return {};
  if (!options.by.empty()) return conflict(kFlag, "--by", kWhy);
  if (options.stacks) return conflict(kFlag, "--stacks", kWhy);
  if (options.histograms) return conflict(kFlag, "--histogram", kWhy);
  if (options.error_table) return conflict(kFlag, "--errors", kWhy);
  return {};
}

}  // namespace

void SyscallFlags::add_to(CLI::App& app) {
  const auto latest = CLI::MultiOptionPolicy::TakeLast;
  app.add_option("-e,--calls", calls,
                 "Names, classes (%file, %desc, %network, %process, %memory, %signal ...) and "
                 "io_uring:NAME; with '!' in front, all but them; repeatable")
      ->type_name("CALL[,CALL...]")
      ->allow_extra_args(false)
      ->group(kWhich);
  app.add_flag("--failed", failed, "Only calls that failed")->group(kWhich);
  app.add_option("--errno", errors, "Only calls that failed so, such as EACCES; repeatable")
      ->type_name("NAME[,NAME...]")
      ->allow_extra_args(false)
      ->group(kWhich);
  app.add_option("--min-latency", min_latency, "Only calls that took at least TIME")
      ->type_name("TIME")
      ->multi_option_policy(latest)
      ->group(kWhich);
  app.add_option("--by", by, "Rows for each call and process, thread, cgroup or errno; repeatable")
      ->type_name("KEY[,KEY...]")
      ->allow_extra_args(false)
      ->group(kWhat);
  app.add_flag("--count", count, "Count only, which costs less: no latencies")->group(kWhat);
  app.add_flag("--errors", error_table, "Also how often each call failed with which error")
      ->group(kWhat);
  app.add_flag("--histogram", histogram, "Also the latency histogram of each row")->group(kWhat);
  app.add_flag("-T,--trace", trace, "Instead of rows a line for each call when it returns")
      ->group(kWhat);
  app.add_option("--strings", string_bytes,
                 "Bytes of the contents of buffers in --trace, 0 to 4096 (default: 32)")
      ->type_name("N")
      ->multi_option_policy(latest)
      ->group(kWhat);
  unwind.add_optional_to(app, kWhat);
  app.add_option("--weight", weight, "What stacks are weighed by (default: count)")
      ->type_name("count|time|errors")
      ->multi_option_policy(latest)
      ->group(kWhat);
  app.add_option("--buffer", ring_bytes,
                 "Size of the kernel's buffer of --trace, such as 64K (default: 16M)")
      ->type_name("SIZE")
      ->multi_option_policy(latest)
      ->group(kWhat);
}

Result<void> SyscallFlags::apply_selection(SyscallOptions& options) const {
  // Not split: a '!' is for the whole of its list.
  if (!calls.empty()) options.calls = calls;
  if (!errors.empty()) {
    auto words = split_lists("--errno", errors);
    if (!words) return tl::unexpected(std::move(words.error()));
    options.errors = std::move(*words);
  }
  if (!min_latency.empty()) {
    const auto time = parse_time("--min-latency", min_latency);
    if (!time) return tl::unexpected(time.error());
    options.min_latency = *time;
  }
  if (!by.empty()) {
    const auto words = split_lists("--by", by);
    if (!words) return tl::unexpected(words.error());
    options.by.clear();
    for (const std::string& word : *words) {
      if (auto added = config::add_syscall_group(word, options.by); !added) {
        return for_flag("--by", std::move(added.error()));
      }
    }
  }
  return {};
}

Result<void> SyscallFlags::apply_sizes(SyscallOptions& options) const {
  if (!string_bytes.empty()) {
    const auto bytes = parse_count("--strings", string_bytes, config::kStringBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    options.string_bytes = static_cast<std::uint32_t>(*bytes);
  }
  if (!weight.empty()) {
    const auto parsed = config::parse_stack_weight(weight);
    if (!parsed) return for_flag("--weight", parsed.error());
    options.stack_weight = *parsed;
  }
  if (!ring_bytes.empty()) {
    const auto bytes = parse_size("--buffer", ring_bytes, config::kRingBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    options.ring_bytes = *bytes;
  }
  return {};
}

Result<void> SyscallFlags::check(const SyscallOptions& options) const {
  if (auto checked = check_count(options); !checked) return checked;
  if (auto checked = check_trace(options); !checked) return checked;
  if (!weight.empty() && !options.stacks) return needs("--weight", "--stacks");
  if (unwind.method == "none") {
    return fail(ErrorCode::ConfigError, "--stacks=none records nothing", "Leave --stacks out");
  }
  if (!unwind.table_bytes.empty() && !options.stacks) return needs("--unwind-memory", "--stacks");
  if (unwind.debuginfod && !options.stacks) return needs("--debuginfod", "--stacks");
  if (unwind.no_inline && !options.stacks) return needs("--no-inline", "--stacks");
  if (!string_bytes.empty() && !options.trace) return needs("--strings", "--trace");
  if (!ring_bytes.empty() && !options.trace) return needs("--buffer", "--trace");
  return {};
}

Result<void> SyscallFlags::apply(EbpfConfig& config) const {
  SyscallOptions& options = config.syscall;
  if (auto applied = apply_selection(options); !applied) return applied;
  if (auto applied = apply_sizes(options); !applied) return applied;
  if (failed) options.failed_only = true;
  if (count) options.latency = false;
  if (error_table) options.error_table = true;
  if (histogram) options.histograms = true;
  if (trace) options.trace = true;
  if (unwind.given()) options.stacks = true;
  if (auto applied = unwind.apply(config); !applied) return applied;
  return check(options);
}

}  // namespace sonde::cli
