#include "trace.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "descriptor_limit.hpp"
#include "diagnostic.hpp"
#include "exit_status.hpp"
#include "launch.hpp"
#include "outputs.hpp"
#include "processes.hpp"
#include "progress.hpp"
#include "run_loop.hpp"
#include "signals.hpp"
#include "trace_sessions.hpp"
#include "util/duration.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

LogCallback log_to_stderr(const OutputOptions& options) {
  const LogLevel least = options.verbose ? LogLevel::debug : LogLevel::info;
  return [least, quiet = options.quiet](LogLevel level, std::string_view message) {
    if (level >= least && !quiet) say(message);
  };
}

Result<void> check_target(const Target& target, bool launches) {
  if (!launches) return {};
  if (!target.pids.empty() || !target.cgroup.empty() || !target.container.empty()) {
    return fail(ErrorCode::ConfigError,
                "COMMAND cannot be combined with --pid, --cgroup or --container",
                "Trace either what runs or a new command");
  }
  return {};
}

Result<void> check_interval(const SessionRequest& request,
                            const std::vector<TracerEntry>& tracers) {
  const auto live = std::ranges::find_if(tracers, &TracerEntry::live);
  if (!request.interval || live == tracers.end()) return {};
  return fail(
      ErrorCode::ConfigError,
      fmt::format("--interval cannot be combined with live events, which {} shows", live->name),
      "Leave it out, or what shows them (--trace, --events)");
}

// libdebuginfod itself reads the variable; without it nothing would be asked.
Result<void> check_debuginfod(const SymbolOptions& symbols) {
  const char* const servers = std::getenv("DEBUGINFOD_URLS");
  if (!symbols.debuginfod || (servers != nullptr && *servers != '\0')) return {};
  return fail(ErrorCode::ConfigError, "debuginfod has no servers: DEBUGINFOD_URLS is not set",
              "Set it; sudo drops it unless told --preserve-env=DEBUGINFOD_URLS");
}

Result<void> check(const SessionRequest& request, const std::vector<TracerEntry>& tracers,
                   bool launches) {
  if (auto checked = check_target(request.config.target, launches); !checked) return checked;
  if (auto checked = check_interval(request, tracers); !checked) return checked;
  return check_debuginfod(request.config.symbols);
}

// In a shell's words and with its status.
int start_failure(const std::string& command, const Error& error) {
  const bool searched = command.find('/') == std::string::npos;
  if (searched && error.sys_errno == ENOENT) {
    say(fmt::format("{}: command not found", command));
  } else {
    say(error);
  }
  return exit_status_of_start_failure(error.sys_errno);
}

std::vector<std::string> notices_of(End end, const SessionRequest& request,
                                    const TraceSessions& sessions) {
  std::vector<std::string> notices = sessions.notices();
  if (end != End::targets) return notices;
  const std::string asked = request.duration ? format_duration(*request.duration) : "";
  notices.push_back(
      fmt::format("ended before the {} were over: every traced process has ended", asked));
  return notices;
}

std::string command_line(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

// Status 4 if the user asked for no loss and there was some.
int assertion_status(const SessionRequest& request, const ReportSummary& summary) {
  if (!request.fail_on_loss) return kDone;
  std::uint64_t lost = 0;
  std::uint64_t seen = 0;
  for (const Accounting& books : summary.accounting) {
    lost += books.lost_total();
    seen += books.seen;
  }
  if (lost == 0) return kDone;
  say(fmt::format("--fail-on-loss: lost {} of {} events", lost, seen));
  return kAssertion;
}

void complete_header(const SessionRequest& request, const Invocation& invocation,
                     ReportHeader& header) {
  if (!request.command.empty()) header.command = request.command;
  if (!invocation.launch.empty()) {
    header.target = command_line(invocation.launch) + " and its descendants";
  }
  if (request.duration) return;
  // The configuration's duration is not in effect.
  for (auto& [key, value] : header.config) {
    if (key == "duration_ns") value = std::monostate{};
  }
}

// From the started sessions to the written reports. Gives kDone, or kAssertion.
Result<int> record(const SessionRequest& request, bool live, TraceSessions& sessions, RunLoop& loop,
                   Outputs& outputs, Signals& signals) {
  if (live) {
    // Rows come before the first report, and the header comes before rows.
    if (auto begun = outputs.begin(sessions.headers()); !begun)
      return tl::unexpected(begun.error());
  }
  const auto end = loop.wait_for_end();
  if (!end) return tl::unexpected(end.error());
  if (*end == End::second_signal) return kDone;

  signals.exit_on_second(outputs.temporary_files());
  auto reports = sessions.stop();
  if (!reports) return tl::unexpected(std::move(reports.error()));
  if (auto shown = loop.show_all_live(); !shown) return tl::unexpected(std::move(shown.error()));
  const auto summary = outputs.finish(std::move(*reports), notices_of(*end, request, sessions));
  signals.block_again();
  if (!summary) return tl::unexpected(summary.error());
  return assertion_status(request, *summary);
}

// The target of a session that traces `command`, which waits to become `executable`.
void aim_at(const LaunchedCommand& command, const std::string& executable, Target& target) {
  target.pids = {command.pid()};
  target.follow_children = true;
  target.from_exec = true;
  target.program = executable;
}

// The status of it all once the reports are written: COMMAND's, unless `recorded` is one of ours
// that says more.
int wait_for(LaunchedCommand& command, const std::string& name, int recorded, bool quiet,
             RunLoop& loop, const Signals& signals) {
  if (!command.ended() && signals.taken() == 0 && !quiet)
    say(fmt::format("waiting for '{}' (pid {}) to end", name, command.pid()));
  const auto status = loop.wait_for_command();
  if (!status) return exit_status_of_signal(loop.last_signal());
  return recorded != kDone ? recorded : exit_status_of_child(*status);
}

}  // namespace

Result<int> trace(SessionRequest request, OutputOptions output_options,
                  const Invocation& invocation, std::vector<TracerEntry> tracers) {
  EbpfConfig& config = request.config;
  const bool launches = !invocation.launch.empty();
  output_options.complete_with(config.output);
  config.log = log_to_stderr(output_options);
  if (auto checked = check(request, tracers, launches); !checked) {
    return tl::unexpected(std::move(checked.error()));
  }
  auto targets = ProcessWatch::open(config.target.pids);
  if (!targets) return tl::unexpected(std::move(targets.error()));
  std::string executable;
  if (launches) {
    auto found = find_executable(invocation.launch.front());
    if (!found) return start_failure(invocation.launch.front(), found.error());
    executable = std::move(*found);
  }
  const bool live = std::ranges::any_of(tracers, &TracerEntry::live);
  auto outputs = Outputs::open(output_options, tracers, request.interval.has_value());
  if (!outputs) return tl::unexpected(std::move(outputs.error()));
  outputs->complete_header_with(
      [&](ReportHeader& header) { complete_header(request, invocation, header); });
  auto signals = Signals::block();
  if (!signals) return tl::unexpected(std::move(signals.error()));

  std::optional<LaunchedCommand> command;
  if (launches) {
    auto forked = LaunchedCommand::fork_waiting(executable, invocation.launch, invocation.signals);
    if (!forked) return tl::unexpected(std::move(forked.error()));
    command = std::move(*forked);
    aim_at(*command, executable, config.target);
  }
  raise_descriptor_limit();
  std::optional<TraceSessions> sessions(std::in_place, tracers, config);
  if (auto started = sessions->start(request.keep_going); !started) {
    return tl::unexpected(std::move(started.error()));
  }
  if (command) {
    if (auto released = command->release(); !released)
      return start_failure(invocation.launch.front(), released.error());
  }

  // A line that is rewritten in place would run into what COMMAND prints, or into events or the
  // log.
  Progress progress(!output_options.quiet && !output_options.verbose && !launches && !live);
  RunLoop loop({request.duration, request.interval, live}, *sessions, *outputs, *signals,
               command ? &*command : nullptr, *targets, progress);
  auto recorded = record(request, live, *sessions, loop, *outputs, *signals);
  if (!recorded) {
    if (!is_closed_pipe(recorded.error())) return recorded;
    recorded = kDone;
    // Nobody will read what COMMAND does from now on.
    sessions.reset();
  }
  if (command) {
    return wait_for(*command, invocation.launch.front(), *recorded, output_options.quiet, loop,
                    *signals);
  }
  if (signals->taken() > 1) return exit_status_of_signal(loop.last_signal());
  return recorded;
}

}  // namespace sonde::cli
