#pragma once

#include <sonde/report.hpp>

namespace sonde::cli {

/// The library counts only what its own threads spend, since its host program may do other work.
/// Here the whole process is sonde: charges all of its CPU time so far and its largest resident
/// set.
void charge_whole_process(ReportSummary& summary);

}  // namespace sonde::cli
