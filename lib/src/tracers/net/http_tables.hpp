// HTTP exchanges as rows of a report.
#pragma once

#include <vector>

#include <sonde/report.hpp>
#include "core/clock.hpp"
#include "shared/http_event.h"
#include "tracers/net/http_exchanges.hpp"

namespace sonde::tracers {

/// Type "http_summary", without rows.
Table http_summary_table();

/// Type "http": single exchanges, with a line for people. Without rows.
const Table& http_table();
std::vector<Value> http_row(const HttpExchange& exchange, const core::WallClock& clock);

/// Type "http_unseen": what is known not to have been seen, by reason.
Table http_unseen_table(const http::Counts& counts, const sonde_http_counters& kernel);

}  // namespace sonde::tracers
