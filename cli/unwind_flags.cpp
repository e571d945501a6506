#include "unwind_flags.hpp"

#include <CLI/CLI.hpp>

#include "arguments.hpp"
#include "config/limits.hpp"
#include "config/unwind_method.hpp"
#include "flag_values.hpp"

namespace sonde::cli {

void UnwindFlags::add_to(CLI::App& app, const std::string& group) {
  app.add_option("--stacks", method,
                 "How user stacks are found: by call frame information (cfi), by frame pointers "
                 "(fp) or not at all (none) (default: auto)")
      ->type_name("auto|cfi|fp|none")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group);
  add_others_to(app, group);
}

void UnwindFlags::add_optional_to(CLI::App& app, const std::string& group) {
  app.add_flag("--stacks{auto}", method,
               "Also the stacks that make the calls; --stacks=fp follows frame pointers, "
               "--stacks=cfi insists on call frame information")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group);
  add_others_to(app, group);
}

void UnwindFlags::add_others_to(CLI::App& app, const std::string& group) {
  app.add_option("--unwind-memory", table_bytes, "Memory of unwind tables at most (default: 64M)")
      ->type_name("SIZE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group);
  app.add_flag("--no-inline", no_inline,
               "No frames for inlined calls and no source lines: debug information is not read")
      ->group(group);
  app.add_flag("--debuginfod", debuginfod,
               "Get missing debug information from the servers of DEBUGINFOD_URLS, within a minute")
      ->group(group);
}

Result<void> UnwindFlags::apply(EbpfConfig& config) const {
  if (!method.empty()) {
    const auto parsed = config::parse_unwind_method(method);
    if (!parsed) return for_flag("--stacks", parsed.error());
    config.unwind.method = *parsed;
  }
  if (!table_bytes.empty()) {
    const auto bytes = parse_size("--unwind-memory", table_bytes, config::kTableBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    config.unwind.table_bytes = *bytes;
  }
  if (no_inline) config.symbols.inlined_calls = false;
  if (debuginfod) config.symbols.debuginfod = true;
  return {};
}

std::map<std::string, std::string> UnwindFlags::sources() const {
  std::map<std::string, std::string> given;
  if (!method.empty()) given["unwind.method"] = "--stacks";
  if (!table_bytes.empty()) given["unwind.table_bytes"] = "--unwind-memory";
  if (no_inline) given["symbols.inlined_calls"] = "--no-inline";
  if (debuginfod) given["symbols.debuginfod"] = "--debuginfod";
  return given;
}

}  // namespace sonde::cli
