#include "report/net_tables.hpp"

#include <utility>

// A column without a title is for programs.
namespace sonde::report {
namespace {

// Shown to people in one of the two tables only.
struct ConnectionColumn {
  const char* key;
  const char* title;
  const char* failed_title;
  Unit unit = Unit::none;
};

constexpr ConnectionColumn kConnectionColumns[] = {
    {"pid", "PID", "PID"},
    {"comm", "COMMAND", "COMMAND"},
    {"cgroup", "", ""},
    {"protocol", "PROTO", ""},
    {"family", "", ""},
    {"role", "ROLE", "ROLE"},
    {"netns", "", ""},
    {"local_address", "LOCAL", "LOCAL"},
    {"local_port", "PORT", "PORT"},
    {"remote_address", "REMOTE", "REMOTE"},
    {"remote_port", "PORT", "PORT"},
    {"state", "STATE", ""},
    {"tx_bytes", "SENT", "", Unit::bytes},
    {"rx_bytes", "RECEIVED", "", Unit::bytes},
    {"tx_packets", "", "", Unit::count},
    {"rx_packets", "", "", Unit::count},
    {"retransmits", "RETRANS", "RETRANS", Unit::count},
    {"rtt_us", "RTT", "", Unit::microseconds},
    {"min_rtt_us", "", "", Unit::microseconds},
    {"cwnd", "", "", Unit::count},
    {"connect_ns", "CONNECT", "", Unit::nanoseconds},
    {"accept_ns", "", "", Unit::nanoseconds},
    {"duration_ns", "DURATION", "DURATION", Unit::nanoseconds},
    {"began_before", "", ""},
    {"close_reason", "END", "END"},
    {"errno", "", ""},
    {"error", "", "ERROR"},
    {"explanation", "", "WHY"},
    {"dropped_packets", "", "", Unit::count},
    {"drop_reason", "", ""},
    {"drop_function", "", ""},
    {"remote_name", "", ""},
    {"failed_lookup", "", ""},
    {"path", "", ""},
};

}  // namespace

Table connection_table(bool failed) {
  Table table{.type = "connection",
              .title = failed ? "Failed connections" : "Connections",
              .columns = {},
              .rows = {}};
  for (const ConnectionColumn& column : kConnectionColumns)
    table.columns.push_back({column.key, failed ? column.failed_title : column.title, column.unit});
  table.fold_frames = {"comm", "remote_address"};
  table.fold_weights = {"tx_bytes", "rx_bytes"};
  return table;
}

Table listener_table() {
  return {"listener",
          "Listeners that dropped connections",
          {{"pid", "PID"},
           {"comm", "COMMAND"},
           {"cgroup", ""},
           {"netns", ""},
           {"local_address", "LOCAL"},
           {"local_port", "PORT"},
           {"backlog", "BACKLOG", Unit::count},
           {"backlog_limit", "LIMIT", Unit::count},
           {"drops", "DROPS", Unit::count}},
          {}};
}

const Table& net_event_table() {
  static const Table table{"net_event",
                           "Events",
                           {{"time_ns", "TIME", Unit::timestamp},
                            {"event", "EVENT"},
                            {"pid", "PID"},
                            {"comm", "COMMAND"},
                            {"protocol", "PROTO"},
                            {"family", "FAMILY"},
                            {"role", "ROLE"},
                            {"netns", "NETNS"},
                            {"local_address", "LOCAL"},
                            {"local_port", "PORT"},
                            {"remote_address", "REMOTE"},
                            {"remote_port", "PORT"},
                            {"state", "STATE"},
                            {"tx_bytes", "SENT", Unit::bytes},
                            {"rx_bytes", "RECEIVED", Unit::bytes},
                            {"retransmits", "RETRANS", Unit::count},
                            {"connect_ns", "CONNECT", Unit::nanoseconds},
                            {"duration_ns", "DURATION", Unit::nanoseconds},
                            {"close_reason", "END"},
                            {"error", "ERROR"},
                            {"explanation", "WHY"},
                            {"text", "WHAT"}},
                           {},
                           "{time_ns} {pid}/{comm} {text}"};
  return table;
}

Table traffic_table(std::vector<Column> keys) {
  Table table{.type = "traffic", .title = "Traffic", .columns = std::move(keys), .rows = {}};
  for (const Column& key : table.columns)
    if (key.key != "pid") table.fold_frames.push_back(key.key);
  table.fold_weights = {"tx_bytes", "rx_bytes"};
  table.columns.insert(table.columns.end(), {{"tx_bytes", "SENT", Unit::bytes},
                                             {"rx_bytes", "RECEIVED", Unit::bytes},
                                             {"tx_bytes_per_second", "SENT/S", Unit::bytes},
                                             {"rx_bytes_per_second", "RECEIVED/S", Unit::bytes},
                                             {"tx_packets", "PKTS OUT", Unit::count},
                                             {"rx_packets", "PKTS IN", Unit::count},
                                             {"retransmits", "RETRANS", Unit::count},
                                             {"opened", "OPENED", Unit::count},
                                             {"closed", "CLOSED", Unit::count},
                                             {"failed", "FAILED", Unit::count},
                                             {"connections_per_second", "CONN/S"}});
  return table;
}

const Table& dns_table() {
  static const Table table{"dns",
                           "DNS queries",
                           {{"time_ns", "TIME", Unit::timestamp},
                            {"pid", "PID"},
                            {"comm", "COMMAND"},
                            {"protocol", "PROTO"},
                            {"family", ""},
                            {"netns", ""},
                            {"local_address", ""},
                            {"local_port", ""},
                            {"server_address", "SERVER"},
                            {"server_port", ""},
                            {"id", ""},
                            {"name", "NAME"},
                            {"query_type", "TYPE"},
                            {"outcome", ""},
                            {"rcode", ""},
                            {"result", "RESULT"},
                            {"latency_ns", "LATENCY", Unit::nanoseconds},
                            {"answers", ""},
                            {"truncated", ""},
                            {"explanation", "WHY"},
                            {"text", ""}},
                           {},
                           "{time_ns} {pid}/{comm} {text}"};
  return table;
}

const Table& drop_table() {
  static const Table table{"drop",
                           "Dropped packets",
                           {{"time_ns", "", Unit::timestamp},
                            {"packets", "PACKETS", Unit::count},
                            {"bytes", "BYTES", Unit::bytes},
                            {"reason", "REASON"},
                            {"protocol", "PROTO"},
                            {"source_address", "SOURCE"},
                            {"source_port", "PORT"},
                            {"destination_address", "DESTINATION"},
                            {"destination_port", "PORT"},
                            {"interface", "INTERFACE"},
                            {"netns", ""},
                            {"pid", "PID"},
                            {"comm", "COMMAND"},
                            {"function", "FUNCTION"},
                            {"text", ""}},
                           {},
                           "{time_ns} {pid}/{comm} {text}"};
  return table;
}

}  // namespace sonde::report
