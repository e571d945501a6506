// What the tables of the network tracer are called and have as columns. They have no rows.
#pragma once

#include <vector>

#include <sonde/report.hpp>

namespace sonde::report {

/// Type "connection". `failed`: shows the reason, and not the figures, to people.
Table connection_table(bool failed);

/// Type "listener".
Table listener_table();

/// Type "net_event": what happened to a connection, with a line for people.
const Table& net_event_table();

/// Type "traffic", by what `keys` tell apart.
Table traffic_table(std::vector<Column> keys);

/// Type "dns", with a line for people.
const Table& dns_table();

/// Type "drop", with a line for people.
const Table& drop_table();

}  // namespace sonde::report
