#include <CLI/CLI.hpp>
#include <sonde/memory_tracer.hpp>
#include <utility>

#include "command.hpp"
#include "mem_options.hpp"
#include "output.hpp"
#include "session_options.hpp"
#include "trace.hpp"

namespace sonde::cli {
namespace {

class MemCommand final : public Command {
 public:
  explicit MemCommand(CLI::App& app) {
    session_.samples = false;
    session_.memory = true;
    session_.add_to(app);
    flags_.add_to(app);
    output_.add_to(app);
  }

  Result<int> run(const Invocation& invocation) override {
    auto request = session_.resolve(!invocation.launch.empty());
    if (!request) return tl::unexpected(std::move(request.error()));
    request->config.with_cpu_profiling(false).with_memory_tracing(true);
    if (auto applied = flags_.apply(request->config.memory); !applied)
      return tl::unexpected(std::move(applied.error()));
    if (auto applied = flags_.unwind.apply(request->config); !applied)
      return tl::unexpected(std::move(applied.error()));
    return trace(std::move(*request), output_, invocation,
                 {tracer_entry<TracerSession<EbpfMemoryTracer>>("mem")});
  }

  bool verbose() const noexcept override { return output_.verbose; }

 private:
  SessionOptions session_;
  MemFlags flags_;
  OutputOptions output_;
};

}  // namespace

extern const CommandEntry mem_command;
const CommandEntry mem_command{
    .name = "mem",
    .summary = "Show what makes memory grow",
    .description =
        R"(Shows which code makes processes grow: resident memory by user stack, in bytes,
of the whole system, of some processes, or of a COMMAND and all that it starts.
Every page is counted, huge pages as what they are, so that the sum is what
/proc says. Costs next to nothing. Ctrl-C ends it early and still reports.)",
    .examples = R"(  sonde mem -d 60                        what grows on this machine
  sonde mem -p 1234 -o growth.pb.gz      one process, for 'go tool pprof'
  sonde mem -f folded -- ./server | flamegraph.pl --countname bytes >growth.svg
)",
    .launches = true,
    .status_4 = kLossStatus,
    .make = [](CLI::App& app) -> std::unique_ptr<Command> {
      return std::make_unique<MemCommand>(app);
    }};

}  // namespace sonde::cli
