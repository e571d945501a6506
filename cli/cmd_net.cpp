#include <CLI/CLI.hpp>
#include <utility>

#include "command.hpp"
#include "net_options.hpp"
#include "net_session.hpp"
#include "output.hpp"
#include "session_options.hpp"
#include "trace.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

class NetCommand final : public Command {
 public:
  explicit NetCommand(CLI::App& app) {
    session_.samples = false;
    session_.add_to(app);
    flags_.add_to(app);
    output_.add_to(app);
  }

  Result<int> run(const Invocation& invocation) override {
    auto request = session_.resolve(!invocation.launch.empty());
    if (!request) return tl::unexpected(std::move(request.error()));
    request->config.with_cpu_profiling(false).with_network_tracing(true);
    NetworkOptions& options = request->config.network;
    if (auto applied = flags_.apply(options); !applied) {
      return tl::unexpected(std::move(applied.error()));
    }
    if (options.events && request->interval) {
      return fail(ErrorCode::ConfigError,
                  "--events cannot be combined with --interval: it shows events as they happen");
    }
    output_.folds = true;
    output_.stacks_fix = "Use -f table, json or folded";
    auto tracer = tracer_entry<NetSession>("net");
    tracer.live = options.events;
    return trace(std::move(*request), output_, invocation, {std::move(tracer)});
  }

  bool verbose() const noexcept override { return output_.verbose; }

 private:
  SessionOptions session_;
  NetFlags flags_;
  OutputOptions output_;
};

}  // namespace

extern const CommandEntry net_command;
const CommandEntry net_command{
    .name = "net",
    .summary = "Show connections: who talks to whom, how much, how well, and why it failed",
    .description =
        R"(Shows the TCP connections, and the UDP and unix sockets, of the whole system,
of some processes, or of a COMMAND and all that it starts, with the process they
belong to, what went through them, and for those that failed a sentence why.
Bytes are those that the processes wrote and read, exactly; connections that
were there before are included. Ctrl-C ends it early and still reports.)",
    .examples = R"(  sonde net -d 10                          every connection of this machine
  sonde net -- curl https://example.org    what a program connects to
  sonde net --by process -i 1s             who sends and receives how much
  sonde net --events --port 443            what happens, as it happens
  sonde net --dns --drops -d 30            failed lookups, and lost packets
  sonde net -f json -p 1234 | jq 'select(.error)'
)",
    .launches = true,
    .status_4 = kLossStatus,
    .make = [](CLI::App& app) -> std::unique_ptr<Command> {
      return std::make_unique<NetCommand>(app);
    }};

}  // namespace sonde::cli
