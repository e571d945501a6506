#include <CLI/CLI.hpp>
#include <sonde/loader.hpp>
#include <sonde/probe_sites.hpp>
#include <string>
#include <utility>

#include "arguments.hpp"
#include "command.hpp"
#include "exit_status.hpp"
#include "output.hpp"
#include "support_report.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

class DoctorCommand final : public Command {
 public:
  explicit DoctorCommand(CLI::App& app) {
    app.add_option("--no-feature", no_features_, "Treat a kernel feature as absent")
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->group("");
    app.add_option("--probe", probe_,
                   "Show where in a function of a file a breakpoint would be, and its cost")
        ->type_name("BINARY:FUNCTION")
        ->group("What to show");
    output_.tables_only = true;
    output_.add_to(app);
  }

  Result<int> run(const Invocation&) override {
    auto output = Output::open(output_, {});
    if (!output) return tl::unexpected(std::move(output.error()));
    EbpfConfig config;
    config.with_disabled_features(no_features_);
    if (!probe_.empty()) return show_probe(config, *output);
    const auto support = EbpfLoader::check_system_support(config);
    if (!support) return tl::unexpected(support.error());
    const auto written = output->finish(support_report(*support));
    if (!written && !is_closed_pipe(written.error())) return tl::unexpected(written.error());
    return support->usable ? kDone : kUnsupported;
  }

  bool verbose() const noexcept override { return output_.verbose; }

 private:
  Result<int> show_probe(const EbpfConfig& config, Output& output) {
    // A path may hold a colon, as names of C++ functions do, but no symbol holds a slash.
    const std::size_t slash = probe_.rfind('/');
    const std::size_t colon = probe_.find(':', slash == std::string::npos ? 0 : slash);
    if (colon == std::string::npos || colon == 0 || colon + 1 == probe_.size()) {
      return fail(ErrorCode::ConfigError, "--probe: '" + probe_ + "' is not BINARY:FUNCTION",
                  "Such as --probe /usr/bin/redis-server:main");
    }
    const std::string binary = probe_.substr(0, colon);
    const auto found = find_probe_sites(binary, probe_.substr(colon + 1), config);
    if (!found) return for_flag("--probe", found.error());
    const auto written = output.finish(probe_report(binary, *found));
    if (!written && !is_closed_pipe(written.error())) return tl::unexpected(written.error());
    return kDone;
  }

  OutputOptions output_;
  std::string probe_;
  std::vector<std::string> no_features_;
};

}  // namespace

extern const CommandEntry doctor_command;
const CommandEntry doctor_command{
    .name = "doctor",
    .summary = "Show what this kernel and these privileges allow, and how to fix the rest",
    .description = R"(Shows what sonde finds on this machine: privileges, kernel features, and for
each feature the hook that would be used, what is missing then, and how to get
it. Traces nothing and leaves nothing loaded.

With --probe: where in a function a breakpoint would be set, the instruction
there, whether the kernel emulates it or has to execute it in a single step, and
what a hit costs on this machine, measured on sonde itself.)",
    .examples = R"(  sonde doctor
  sonde doctor -f json
  sonde doctor --probe /lib/x86_64-linux-gnu/libc.so.6:malloc
)",
    .launches = false,
    .make = [](CLI::App& app) -> std::unique_ptr<Command> {
      return std::make_unique<DoctorCommand>(app);
    }};

}  // namespace sonde::cli
