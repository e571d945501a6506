// DNS queries as rows of a report.
#pragma once

#include <vector>

#include <sonde/report.hpp>
#include "core/clock.hpp"
#include "dns/lookups.hpp"

namespace sonde::tracers {

/// A row of report::dns_table().
std::vector<Value> dns_row(const dns::Lookup& lookup, const core::WallClock& clock);

}  // namespace sonde::tracers
