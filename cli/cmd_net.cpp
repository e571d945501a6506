#include "command.hpp"
#include "net_options.hpp"
#include "tracer_command.hpp"

namespace sonde::cli {

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
    .make = make_tracer_command<NetFlags>};

}  // namespace sonde::cli
