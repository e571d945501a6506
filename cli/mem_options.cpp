#include "mem_options.hpp"

#include <CLI/CLI.hpp>

namespace sonde::cli {
namespace {

constexpr const char* kWhat = "What to record";

}  // namespace

void MemFlags::add_to(CLI::App& app) {
  app.add_flag("--kernel", kernel,
               "Also what the kernel allocates and does not free, and why processes were killed "
               "for want of memory")
      ->group(kWhat);
  unwind.add_to(app, kWhat);
}

Result<void> MemFlags::apply(MemoryOptions& options) const {
  if (kernel) options.kernel = true;
  return {};
}

}  // namespace sonde::cli
