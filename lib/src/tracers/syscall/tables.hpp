// Rows of system calls as the tables and histograms of a report.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sonde/report.hpp>
#include "aggregate/call_rows.hpp"
#include "shared/syscall_event.h"

namespace sonde::tracers {

using CallRowMap = std::map<aggregate::CallRowKey, aggregate::CallRow>;
/// Path of a cgroup by its id.
using CgroupName = std::function<std::string(std::uint64_t)>;

/// "openat", "i386:open", "io_uring:read".
std::string row_name(std::uint8_t abi, std::uint32_t number);

/// Type "syscall", most time first; without times, most calls first.
Table syscall_table(const CallRowMap& rows, const aggregate::CallGrouping& grouping, bool timed,
                    const CgroupName& cgroup_name);
/// Type "syscall_error": failed calls by errno.
Table error_table(const CallRowMap& rows, const aggregate::CallGrouping& grouping,
                  const CgroupName& cgroup_name);
/// One for each row that has times, in the order of syscall_table().
std::vector<Histogram> latency_histograms(const CallRowMap& rows,
                                          const aggregate::CallGrouping& grouping,
                                          const CgroupName& cgroup_name);
/// Type "in_flight", oldest first. `started_ns` is when the session began: what began before is at
/// least as old as that.
Table in_flight_table(std::vector<sonde_call_in_flight> calls, std::uint64_t now_ns,
                      std::uint64_t started_ns);

}  // namespace sonde::tracers
