#include <CLI/CLI.hpp>
#include <sonde/loader.hpp>
#include <utility>

#include "command.hpp"
#include "exit_status.hpp"
#include "output.hpp"
#include "support_report.hpp"

namespace sonde::cli {
namespace {

class DoctorCommand final : public Command {
 public:
  explicit DoctorCommand(CLI::App& app) {
    output_.tables_only = true;
    output_.add_to(app);
    app.add_option("--no-feature", no_features_, "Treat a kernel feature as absent")
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->group("");
  }

  Result<int> run(const Invocation&) override {
    auto output = Output::open(output_, {});
    if (!output) return tl::unexpected(std::move(output.error()));
    EbpfConfig config;
    config.with_disabled_features(no_features_);
    const auto support = EbpfLoader::check_system_support(config);
    if (!support) return tl::unexpected(support.error());
    const auto written = output->finish(support_report(*support));
    if (!written && !is_closed_pipe(written.error())) return tl::unexpected(written.error());
    return support->usable ? kDone : kUnsupported;
  }

  bool verbose() const noexcept override { return output_.verbose; }

 private:
  OutputOptions output_;
  std::vector<std::string> no_features_;
};

}  // namespace

extern const CommandEntry doctor_command;
const CommandEntry doctor_command{
    .name = "doctor",
    .summary = "Show what this kernel and these privileges allow, and how to fix the rest",
    .description = R"(Shows what sonde finds on this machine: privileges, kernel features, and for
each feature the hook that would be used, what is missing then, and how to get
it. Traces nothing and leaves nothing loaded.)",
    .examples = R"(  sonde doctor
  sonde doctor -f json
)",
    .launches = false,
    .make = [](CLI::App& app) -> std::unique_ptr<Command> {
      return std::make_unique<DoctorCommand>(app);
    }};

}  // namespace sonde::cli
