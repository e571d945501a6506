#pragma once

#include <string>

#include <sonde/loader.hpp>
#include <sonde/probe_sites.hpp>
#include <sonde/report.hpp>

namespace sonde::cli {

/// `sonde doctor`'s findings as a report, so that every renderer for tables can show them.
Report support_report(const SystemSupport& support);

Report probe_report(const std::string& binary, const ProbeSites& found);

}  // namespace sonde::cli
