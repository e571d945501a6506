#include "command.hpp"
#include "syscall_options.hpp"
#include "tracer_command.hpp"

namespace sonde::cli {

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
    .make = make_tracer_command<SyscallFlags>};

}  // namespace sonde::cli
