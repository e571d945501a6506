#pragma once

#include <sonde/loader.hpp>
#include <sonde/report.hpp>

namespace sonde::cli {

/// `sonde doctor`'s findings as a report, so that every renderer for tables can show them.
Report support_report(const SystemSupport& support);

}  // namespace sonde::cli
