// What the tables of HTTP are called and have as columns. They have no rows.
#pragma once

#include <sonde/report.hpp>

namespace sonde::report {

/// Type "http_summary".
Table http_summary_table();

/// Type "http": single exchanges, with a line for people.
const Table& http_table();

/// Type "http_unseen": what is known not to have been seen, by reason.
Table http_unseen_table();

}  // namespace sonde::report
