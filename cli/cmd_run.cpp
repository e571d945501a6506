#include <CLI/CLI.hpp>
#include <utility>

#include "command.hpp"
#include "config/json.hpp"
#include "diagnostic.hpp"
#include "exit_status.hpp"
#include "flag_values.hpp"
#include "output.hpp"
#include "session_options.hpp"
#include "trace.hpp"
#include "tracer_entries.hpp"
#include "unwind_flags.hpp"

namespace sonde::cli {
namespace {

class RunCommand final : public Command {
 public:
  explicit RunCommand(CLI::App& app) {
    session_.memory = true;
    session_.add_to(app);
    constexpr const char* kGroup = "What to record";
    app.add_option("-t,--tracers", tracers_,
                   "These tracers, whatever the configuration enables; repeatable, or with commas")
        ->type_name(tracer_names("|"))
        ->allow_extra_args(false)
        ->group(kGroup);
    unwind_.add_to(app, kGroup);
    app.add_flag("--keep-going", keep_going_, "Run the tracers that can start when others cannot")
        ->group(kGroup);
    app.add_flag(
           "--print-config", print_config_,
           "Print the configuration in effect, and where each value comes from; trace nothing")
        ->group("Output");
    output_.folders = true;
    output_.add_to(app);
  }

  Result<int> run(const Invocation& invocation) override {
    auto request = session_.resolve(!invocation.launch.empty());
    if (!request) return tl::unexpected(std::move(request.error()));
    EbpfConfig& config = request->config;
    if (auto applied = apply_flags(*request); !applied) {
      return tl::unexpected(std::move(applied.error()));
    }
    if (auto valid = config.validate(); !valid) return tl::unexpected(std::move(valid.error()));
    auto entries = enabled_tracers(config);
    if (!entries) return tl::unexpected(std::move(entries.error()));
    if (print_config_) return show_config(*request);
    request->keep_going = keep_going_;
    request->command = "run";
    return trace(std::move(*request), output_, invocation, std::move(*entries));
  }

  bool verbose() const noexcept override { return output_.verbose; }

 private:
  Result<void> apply_flags(SessionRequest& request) const {
    if (!tracers_.empty()) {
      const auto names = split_lists("--tracers", tracers_);
      if (!names) return tl::unexpected(names.error());
      const auto set = enable_only(*names, request.config);
      if (!set) return tl::unexpected(set.error());
      for (const std::string& path : *set)
        request.sources[path] = "--tracers";
    }
    if (auto applied = unwind_.apply(request.config); !applied) return applied;
    if (!output_.format.empty()) {
      request.config.output.format = output_.format;
      request.sources["output.format"] = "--format";
    }
    if (!output_.file.empty()) {
      request.config.output.file = output_.file;
      request.sources["output.file"] = "--output";
    }
    for (const auto& [path, flag] : unwind_.sources())
      request.sources[path] = flag;
    return {};
  }

  static Result<int> show_config(const SessionRequest& request) {
    const auto source = [&](std::string_view path) {
      const auto found = request.sources.find(path);
      return found == request.sources.end() ? std::string("default") : found->second;
    };
    if (auto printed = print(config::annotated_json(request.config, source)); !printed) {
      return tl::unexpected(std::move(printed.error()));
    }
    return kDone;
  }

  SessionOptions session_;
  OutputOptions output_;
  UnwindFlags unwind_;
  std::vector<std::string> tracers_;
  bool keep_going_ = false;
  bool print_config_ = false;
};

}  // namespace

extern const CommandEntry run_command;
const CommandEntry run_command{
    .name = "run",
    .summary = "Run several tracers side by side, as a configuration says",
    .description =
        R"(Runs every tracer that the configuration enables, on one clock, and reports all
of them: as one stream, or with -o FOLDER/ as a file for each. They trace the
whole system, some processes, or a COMMAND and all that it starts. If one of
them cannot start nothing is attached, unless --keep-going is given.)",
    .examples = R"(  sonde run -c sonde.json                  what the file enables
  sonde run -t cpu,syscall -- make         where time goes, and what make calls
  sonde run -c sonde.json -f json | jq .   one stream of JSON lines
  sonde run -c sonde.json -o out/ -f json  out/cpu.json, out/syscall.json
  sonde run -c sonde.json --print-config   what is in effect, and why
)",
    .launches = true,
    .status_4 = kLossStatus,
    .make = [](CLI::App& app) -> std::unique_ptr<Command> {
      return std::make_unique<RunCommand>(app);
    }};

}  // namespace sonde::cli
