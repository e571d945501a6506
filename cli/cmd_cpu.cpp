#include "command.hpp"
#include "cpu_options.hpp"
#include "tracer_command.hpp"

namespace sonde::cli {

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
    .make = make_tracer_command<CpuFlags>};

}  // namespace sonde::cli
