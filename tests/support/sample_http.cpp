#include "report/http_tables.hpp"
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

Table summary() {
  Table table = report::http_summary_table();
  table.rows = {{text("server"), text("nginx"), text("192.0.2.7"), number(80), false, text("GET"),
                 text("/index.html"), number(200), number(120'000), number(61'000), number(57'344),
                 number(90'112), number(180'224), number(2'400'000), number(0), number(73'440'000)},
                {text("client"), text("curl"), text("2001:db8::7"), number(8443), true,
                 text("POST"), text("/upload"), kNone, number(1), kNone, kNone, kNone, kNone, kNone,
                 number(4096), number(0)},
                {text("server"), text("nginx"), kNone, kNone, false, text("GET"), kNone,
                 number(404), number(7), number(41'000), number(40'960), number(45'056),
                 number(45'056), number(44'000), number(0), number(1092)}};
  return table;
}

Table unseen() {
  Table table = report::http_unseen_table();
  table.rows = {{text("http2"), number(3), text("connections with HTTP/2")}};
  return table;
}

}  // namespace

Report http_report() {
  Report report = net_report();
  report.sections = {summary(), unseen()};
  report.summary.accounting = {
      {"net", 120'010, 120'008, 0, {{"http_ring_full", 1}, {"ring_full", 0}}, 1, {}}};
  return report;
}

Table http_rows() {
  Table table = report::http_table();
  // 2024-05-06 07:08:09.123456 UTC
  table.rows = {
      {std::int64_t{1'714'979'289'123'456'789}, number(100), text("nginx"), text("server"), false,
       text("192.0.2.7"), number(80), text("192.0.2.1"), number(40000), number(4026531840),
       text("example.org"), text("GET"), text("/index.html"), false, number(200), number(61'000),
       number(0), number(612),
       text("server 192.0.2.7:80 <- 192.0.2.1:40000 GET /index.html 200 in 0.061 ms")},
      {std::int64_t{1'714'979'290'000'000'000}, number(101), text("curl"), text("client"), true,
       kNone, kNone, kNone, kNone, kNone, kNone, text("POST"), text("/upload"), true, kNone, kNone,
       kNone, kNone, text("client https POST /upload... no response")}};
  return table;
}

}  // namespace sonde::test
