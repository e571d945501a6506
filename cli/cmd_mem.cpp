#include "command.hpp"
#include "mem_options.hpp"
#include "tracer_command.hpp"

namespace sonde::cli {

extern const CommandEntry mem_command;
const CommandEntry mem_command{
    .name = "mem",
    .summary = "Show what makes memory grow",
    .description =
        R"(Shows which code makes processes grow: resident memory by user stack, in bytes,
of the whole system, of some processes, or of a COMMAND and all that it starts.
Every page is counted, huge pages as what they are, so that the sum is what
/proc says. With --alloc what malloc gives out, with --live what of it is not
freed. Ctrl-C ends it early and still reports.)",
    .examples = R"(  sonde mem -d 60                        what grows on this machine
  sonde mem -p 1234 -o growth.pb.gz      one process, for 'go tool pprof'
  sonde mem --live -p 1234 -d 60         what it allocates and does not free
  sonde mem -f folded -- ./server | flamegraph.pl --countname bytes >growth.svg
)",
    .launches = true,
    .status_4 = kLossStatus,
    .make = make_tracer_command<MemFlags>};

}  // namespace sonde::cli
