#include <CLI/CLI.hpp>
#include <sonde/cpu_profiler.hpp>
#include <utility>

#include "arguments.hpp"
#include "command.hpp"
#include "config/cpu_event.hpp"
#include "output.hpp"
#include "session_options.hpp"
#include "trace.hpp"
#include "unwind_flags.hpp"

namespace sonde::cli {
namespace {

class CpuCommand final : public Command {
 public:
  explicit CpuCommand(CLI::App& app) {
    session_.add_to(app);
    constexpr const char* kGroup = "What to record";
    app.add_option("--event", event_, "Clock that drives sampling (default: auto)")
        ->type_name("auto|cpu-clock|cycles")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->group(kGroup);
    unwind_.add_to(app, kGroup);
    app.add_flag("--user", user_, "Only the user part of stacks")->group(kGroup);
    app.add_flag("--kernel", kernel_, "Only the kernel part of stacks")->group(kGroup);
    output_.add_to(app);
  }

  Result<int> run(const Invocation& invocation) override {
    auto request = session_.resolve(!invocation.launch.empty());
    if (!request) return tl::unexpected(std::move(request.error()));
    request->config.with_cpu_profiling(true);
    CpuOptions& cpu = request->config.cpu;
    if (!event_.empty()) {
      const auto event = config::parse_cpu_event(event_);
      if (!event) return for_flag("--event", event.error());
      cpu.event = *event;
    }
    if (auto applied = unwind_.apply(request->config); !applied)
      return tl::unexpected(std::move(applied.error()));
    if (user_ || kernel_) {
      cpu.user_stacks = user_;
      cpu.kernel_stacks = kernel_;
    }
    return trace(std::move(*request), output_, invocation,
                 {tracer_entry<TracerSession<EbpfCpuProfiler>>("cpu")});
  }

  bool verbose() const noexcept override { return output_.verbose; }

 private:
  SessionOptions session_;
  OutputOptions output_;
  std::string event_;
  UnwindFlags unwind_;
  bool user_ = false;
  bool kernel_ = false;
};

}  // namespace

extern const CommandEntry cpu_command;
const CommandEntry cpu_command{
    .name = "cpu",
    .summary = "Sample stacks: where the CPU time goes",
    .description = R"(Samples the stacks of what runs on the CPUs and shows which functions take the
time: of the whole system, of some processes, or of a COMMAND and all that it
starts, from its first instruction. Ctrl-C ends it early and still reports.)",
    .examples = R"(  sonde cpu -d 10                        the whole system for 10 seconds
  sonde cpu -p 1234 -o profile.pb.gz     one process, for 'go tool pprof'
  sonde cpu -f folded -- make | flamegraph.pl >make.svg
)",
    .launches = true,
    .status_4 = kLossStatus,
    .make = [](CLI::App& app) -> std::unique_ptr<Command> {
      return std::make_unique<CpuCommand>(app);
    }};

}  // namespace sonde::cli
