#include <CLI/CLI.hpp>
#include <utility>

#include "command.hpp"
#include "output.hpp"
#include "session_options.hpp"
#include "syscall_options.hpp"
#include "syscall_session.hpp"
#include "trace.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

class SyscallCommand final : public Command {
 public:
  explicit SyscallCommand(CLI::App& app) {
    session_.samples = false;
    session_.add_to(app);
    flags_.add_to(app);
    output_.add_to(app);
  }

  Result<int> run(const Invocation& invocation) override {
    auto request = session_.resolve(!invocation.launch.empty());
    if (!request) return tl::unexpected(std::move(request.error()));
    request->config.with_cpu_profiling(false).with_syscall_tracing(true);
    SyscallOptions& options = request->config.syscall;
    if (auto applied = flags_.apply(options); !applied) {
      return tl::unexpected(std::move(applied.error()));
    }
    if (auto applied = flags_.unwind.apply(request->config); !applied) {
      return tl::unexpected(std::move(applied.error()));
    }
    if (options.trace && request->interval) {
      return fail(ErrorCode::ConfigError,
                  "--trace cannot be combined with --interval: it shows calls as they return");
    }
    if (!options.stacks) output_.stacks_fix = "Add --stacks";
    auto tracer = tracer_entry<SyscallSession>("syscall");
    tracer.live = options.trace;
    return trace(std::move(*request), output_, invocation, {std::move(tracer)});
  }

  bool verbose() const noexcept override { return output_.verbose; }

 private:
  SessionOptions session_;
  SyscallFlags flags_;
  OutputOptions output_;
};

}  // namespace

extern const CommandEntry syscall_command;
const CommandEntry syscall_command{
    .name = "syscall",
    .summary = "Count, time and show system calls",
    .description =
        R"(Counts the system calls of the whole system, of some processes, or of a COMMAND
and all that it starts, with their errors and how long they took, and shows
those that have not returned. Counts are exact, from the first call (execve) to
the last. Ctrl-C ends it early and still reports.)",
    .examples = R"(  sonde syscall -- make                    what make and its children call
  sonde syscall -p 1234 -i 1s              a running process, every second
  sonde syscall --failed --errors -d 10    what fails on this machine, and why
  sonde syscall -T -e %file -- ls -l       each call, as strace shows it
  sonde syscall --stacks --weight time -f folded -p 1234 >calls.folded
)",
    .launches = true,
    .status_4 = kLossStatus,
    .make = [](CLI::App& app) -> std::unique_ptr<Command> {
      return std::make_unique<SyscallCommand>(app);
    }};

}  // namespace sonde::cli
