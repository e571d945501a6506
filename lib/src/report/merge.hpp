// The reports of tracers that ran side by side as one report.
#pragma once

#include <vector>

#include <sonde/report.hpp>

namespace sonde::report {

/// One report comes out as it went in. Of several, the header's command is "run"; settings that all
/// share are stated once, others with their tracer ("cpu.event"); the summary's overhead is the sum
/// and its costs are the parts. A part that one of them could not measure is missing in the sum.
Report merge(std::vector<Report> reports);

}  // namespace sonde::report
