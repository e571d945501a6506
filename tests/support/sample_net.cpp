#include "report/net_tables.hpp"
#include "sample_reports.hpp"

namespace sonde::test {
namespace {

constexpr auto kNone = std::monostate{};

Value text(const char* value) {
  return std::string(value);
}
Value number(std::uint64_t value) {
  return value;
}

Table open_and_closed() {
  Table table = report::connection_table(false);
  table.rows = {{number(100),
                 text("curl"),
                 text("/user"),
                 text("tcp"),
                 text("ipv4"),
                 text("client"),
                 number(4026531840),
                 text("192.0.2.1"),
                 number(40000),
                 text("192.0.2.7"),
                 number(443),
                 text("CLOSED"),
                 number(1'000),
                 number(5'368'709'120),
                 number(2'000),
                 number(3'700'000),
                 number(2),
                 number(1'500),
                 number(1'200),
                 number(10),
                 number(1'400'000),
                 kNone,
                 number(2'000'000'000),
                 false,
                 text("fin_local"),
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone},
                {kNone,
                 kNone,
                 kNone,
                 text("tcp"),
                 text("ipv6"),
                 text("listener"),
                 number(4026531840),
                 text("::"),
                 number(80),
                 kNone,
                 kNone,
                 text("LISTEN"),
                 number(0),
                 number(0),
                 number(0),
                 number(0),
                 number(0),
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 true,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone},
                {number(7),
                 text("journald"),
                 text("/"),
                 text("unix-dgram"),
                 text("unix"),
                 kNone,
                 number(4026531840),
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 number(0),
                 number(300),
                 number(0),
                 number(3),
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 number(9),
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 text("/run/systemd/journal/dev-log")}};
  return table;
}

Table failed() {
  Table table = report::connection_table(true);
  table.rows = {
      {number(100),
       text("curl"),
       text("/user"),
       text("tcp"),
       text("ipv4"),
       text("client"),
       number(4026531840),
       text("192.0.2.1"),
       number(40002),
       text("192.0.2.7"),
       number(81),
       text("CLOSED"),
       number(0),
       number(0),
       number(1),
       number(1),
       number(0),
       kNone,
       kNone,
       kNone,
       kNone,
       kNone,
       number(1'000'000),
       false,
       text("reset_received"),
       number(111),
       text("ECONNREFUSED"),
       text("192.0.2.7:81 refused the connection after 1.0 ms: the kernel of this machine "
            "dropped 1 of its packets: NETFILTER_DROP in nf_hook_slow, a rule of its "
            "firewall; by DNS it is db.test"),
       number(1),
       text("NETFILTER_DROP"),
       text("nf_hook_slow"),
       text("db.test"),
       kNone,
       kNone}};
  return table;
}

Table listeners() {
  Table table = report::listener_table();
  table.rows = {{number(8), text("nginx"), text("/"), number(4026531840), text("0.0.0.0"),
                 number(80), number(512), number(511), number(42)}};
  return table;
}

Table traffic() {
  Table table = report::traffic_table({{"pid", "PID"}, {"comm", "COMMAND"}});
  table.rows = {{number(100), text("curl"), number(2'048), number(4'194'304), 1'024.0, 2'097'152.0,
                 number(20), number(40), number(1), number(3), number(2), number(1), 1.5}};
  return table;
}

Table latencies() {
  const Unit ns = Unit::nanoseconds;
  return {"latency",
          "Latencies",
          {{"name", "OF"},
           {"count", "COUNT", Unit::count},
           {"min_ns", "MIN", ns},
           {"mean_ns", "MEAN", ns},
           {"p50_ns", "P50", ns},
           {"p90_ns", "P90", ns},
           {"p99_ns", "P99", ns},
           {"max_ns", "MAX", ns}},
          {{text("connect"), number(2), number(1'000'000), number(1'200'000), number(1'015'808),
            number(1'441'792), number(1'441'792), number(1'400'000)}}};
}

}  // namespace

Report net_report() {
  Report report = rows_report();
  report.header.command = "net";
  report.header.plan.clear();
  report.header.config = {{"by", std::string("connection")}};
  report.sections = {open_and_closed(), failed(), listeners(), traffic(), latencies()};
  report.summary.accounting = {{"net", 6, 4, 1, {{"ring_full", 1}}, 0, {}}};
  report.summary.notices.clear();
  return report;
}

Table net_event_rows() {
  Table table = report::net_event_table();
  // 2024-05-06 07:08:09.123456 UTC
  table.rows = {{std::int64_t{1'714'979'289'123'456'789},
                 text("established"),
                 number(100),
                 text("curl"),
                 text("tcp"),
                 text("ipv4"),
                 text("client"),
                 number(4026531840),
                 text("192.0.2.1"),
                 number(40000),
                 text("192.0.2.7"),
                 number(443),
                 text("ESTABLISHED"),
                 number(0),
                 number(0),
                 number(0),
                 number(1'400'000),
                 number(1'400'000),
                 kNone,
                 kNone,
                 kNone,
                 text("established 192.0.2.1:40000 -> 192.0.2.7:443 in 1.400 ms")},
                {std::int64_t{1'714'979'289'123'556'789},
                 text("send"),
                 number(100),
                 text("curl"),
                 text("tcp"),
                 text("ipv4"),
                 text("client"),
                 number(4026531840),
                 text("192.0.2.1"),
                 number(40000),
                 text("192.0.2.7"),
                 number(443),
                 kNone,
                 number(517),
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 kNone,
                 text("send 192.0.2.1:40000 -> 192.0.2.7:443 517")}};
  return table;
}

}  // namespace sonde::test
