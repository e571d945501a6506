// HTTP exchanges as rows of a report.
#pragma once

#include <vector>

#include <sonde/report.hpp>
#include "core/clock.hpp"
#include "shared/http_event.h"
#include "tracers/net/http_exchanges.hpp"

namespace sonde::tracers {

/// A row of report::http_table().
std::vector<Value> http_row(const HttpExchange& exchange, const core::WallClock& clock);

/// What is known not to have been seen, by reason.
Table http_unseen_table(const http::Counts& counts, const sonde_http_counters& kernel);

}  // namespace sonde::tracers
