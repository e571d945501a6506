// Connections and their events as rows of a report.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sonde/event.hpp>
#include <sonde/report.hpp>
#include "core/clock.hpp"
#include "net/ending.hpp"
#include "shared/net_event.h"

namespace sonde::tracers {

/// Path of a cgroup by its id; empty if it is gone.
using CgroupPath = std::function<std::string(std::uint64_t)>;

/// Rows of the tables of report/net_tables.hpp.
std::vector<Value> connection_row(const sonde_connection_record& record,
                                  const net::EndingContext& context, const CgroupPath& cgroup);
std::vector<Value> flow_row(const sonde_flow& flow, const CgroupPath& cgroup);

std::vector<Value> listener_row(const sonde_connection_record& record, const CgroupPath& cgroup);
std::vector<Value> net_event_row(const sonde_connection_record& record,
                                 const net::EndingContext& ending, const core::WallClock& clock);
/// The same for programs: NetworkConnect or NetworkDisconnect; empty for what is neither.
std::optional<EbpfEvent> typed_net_event(const sonde_connection_record& record,
                                         const core::WallClock& clock);

/// A send or receive: a row of type "net_event", and NetworkPacket.
std::vector<Value> transfer_row(const sonde_transfer_record& record, const core::WallClock& clock);
EbpfEvent typed_transfer(const sonde_transfer_record& record, const core::WallClock& clock);

}  // namespace sonde::tracers
