// The tracers that one configuration may enable.
#pragma once

#include <map>
#include <sonde/config.hpp>
#include <sonde/error.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "trace_session.hpp"

namespace sonde::cli {

/// Those that the configuration enables, in the order of the help. ConfigError if it enables none.
Result<std::vector<TracerEntry>> enabled_tracers(const EbpfConfig& config);

/// Enables those that are named and no other; returns the paths of the settings that it set.
/// ConfigError with a did-you-mean.
Result<std::vector<std::string>> enable_only(const std::vector<std::string>& names,
                                             EbpfConfig& config);

/// "cpu,net,syscall,mem" for a comma.
std::string tracer_names(std::string_view separator);

}  // namespace sonde::cli
