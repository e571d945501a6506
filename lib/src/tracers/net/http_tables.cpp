#include "tracers/net/http_tables.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "net/address.hpp"
#include "report/http_tables.hpp"

namespace sonde::tracers {
namespace {

Value number_or_null(std::optional<std::uint64_t> number) {
  return number ? Value{*number} : Value{};
}

// "server 127.0.0.1:80 <- 127.0.0.1:4242 GET /path 200 in 0.120 ms".
std::string exchange_text(const HttpExchange& e) {
  const http::Exchange& exchange = e.exchange;
  std::string text = exchange.client ? "client" : "server";
  if (!e.socket.empty()) {
    text += fmt::format(" unix:{}", e.socket);
  } else if (e.ends.remote_port != 0) {
    text += fmt::format(" {} {} {}", net::endpoint_text(e.ends.local, e.ends.local_port),
                        exchange.client ? "->" : "<-",
                        net::endpoint_text(e.ends.remote, e.ends.remote_port));
  }
  text += fmt::format("{} {} {}{}", e.tls ? " https" : "", exchange.request.method,
                      exchange.request.path, exchange.request.cut ? "..." : "");
  if (exchange.status == 0) return text + " no response";
  return text + fmt::format(" {} in {:.3f} ms", exchange.status,
                            static_cast<double>(e.latency_ns()) / 1e6);
}

}  // namespace

std::vector<Value> http_row(const HttpExchange& e, const core::WallClock& clock) {
  const http::Exchange& exchange = e.exchange;
  const bool has_ends = e.ends.remote_port != 0;
  std::vector<Value> row;
  row.reserve(report::http_table().columns.size());
  row.emplace_back(std::chrono::duration_cast<std::chrono::nanoseconds>(
                       clock.time(exchange.request.time_ns).time_since_epoch())
                       .count());
  row.emplace_back(std::uint64_t{e.tgid});
  row.emplace_back(e.comm);
  row.emplace_back(std::string(exchange.client ? "client" : "server"));
  row.emplace_back(e.tls);
  const auto address = [&](const std::uint8_t(&of)[16], bool is_server) {
    if (has_ends) return Value{net::address_text(of)};
    return is_server && !e.socket.empty() ? Value{e.socket} : Value{};
  };
  row.push_back(address(e.ends.local, !exchange.client));
  row.push_back(has_ends ? Value{std::uint64_t{e.ends.local_port}} : Value{});
  row.push_back(address(e.ends.remote, exchange.client));
  row.push_back(has_ends ? Value{std::uint64_t{e.ends.remote_port}} : Value{});
  row.push_back(e.ends.netns != 0 ? Value{std::uint64_t{e.ends.netns}} : Value{});
  row.push_back(exchange.request.host.empty() ? Value{} : Value{exchange.request.host});
  row.emplace_back(exchange.request.method);
  row.emplace_back(exchange.request.path);
  row.emplace_back(exchange.request.cut);
  row.push_back(exchange.status == 0 ? Value{}
                                     : Value{static_cast<std::uint64_t>(exchange.status)});
  row.push_back(exchange.status == 0 ? Value{} : Value{e.latency_ns()});
  row.push_back(number_or_null(exchange.request.body_bytes));
  row.push_back(number_or_null(exchange.body_bytes));
  row.emplace_back(exchange_text(e));
  return row;
}

Table http_unseen_table(const http::Counts& counts, const sonde_http_counters& kernel) {
  Table table = report::http_unseen_table();
  const std::pair<const char*, std::pair<std::uint64_t, const char*>> reasons[] = {
      {"no_request", {counts.no_request, "responses to requests from before the trace"}},
      {"not_captured", {counts.not_captured, "messages behind what was looked at"}},
      {"unusable", {counts.unusable, "messages after one whose end cannot be told"}},
      {"upgraded", {counts.upgraded, "connections that went over to another protocol"}},
      {"http2", {counts.http2, "connections with HTTP/2"}},
      {"io_uring",
       {kernel.unseen[SONDE_HTTP_URING], "connections through io_uring, of any protocol"}},
      {"compat",
       {kernel.unseen[SONDE_HTTP_COMPAT], "connections of 32-bit programs, of any protocol"}},
      {"unreadable",
       {kernel.unseen[SONDE_HTTP_UNREADABLE], "connections whose memory could not be read"}},
  };
  for (const auto& [reason, what] : reasons) {
    if (what.first != 0)
      table.rows.push_back({std::string(reason), what.first, std::string(what.second)});
  }
  return table;
}

}  // namespace sonde::tracers
