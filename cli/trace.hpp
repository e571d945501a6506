// The steps of a tracing command, the same for every tracer and for several: check, open the
// output, fork COMMAND, start, wait, stop, render, and the exit status of it all.
#pragma once

#include <sonde/error.hpp>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "output.hpp"
#include "session_options.hpp"
#include "trace_session.hpp"

namespace sonde::cli {

/// CommandEntry::status_4 of every command that traces.
inline constexpr std::string_view kLossStatus = "--fail-on-loss did not hold";

Result<int> trace(SessionRequest request, OutputOptions output, const Invocation& invocation,
                  std::vector<TracerEntry> tracers);

}  // namespace sonde::cli
