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
  add_memory_to(app, group);
}

void UnwindFlags::add_optional_to(CLI::App& app, const std::string& group) {
  app.add_flag("--stacks{auto}", method,
               "Also the stacks that make the calls; --stacks=fp follows frame pointers, "
               "--stacks=cfi insists on call frame information")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group);
  add_memory_to(app, group);
}

void UnwindFlags::add_memory_to(CLI::App& app, const std::string& group) {
  app.add_option("--unwind-memory", table_bytes, "Memory of unwind tables at most (default: 64M)")
      ->type_name("SIZE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group);
}

Result<void> UnwindFlags::apply(UnwindOptions& options) const {
  if (!method.empty()) {
    const auto parsed = config::parse_unwind_method(method);
    if (!parsed) return for_flag("--stacks", parsed.error());
    options.method = *parsed;
  }
  if (!table_bytes.empty()) {
    const auto bytes = parse_size("--unwind-memory", table_bytes, config::kTableBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    options.table_bytes = *bytes;
  }
  return {};
}

}  // namespace sonde::cli
