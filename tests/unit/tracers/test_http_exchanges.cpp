#include <sys/socket.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "report/http_tables.hpp"
#include "tracers/net/http_exchanges.hpp"
#include "tracers/net/http_rows.hpp"
#include "tracers/net/http_tables.hpp"

using namespace sonde;
using namespace sonde::tracers;

namespace {

/// Records as the kernel makes them.
class Kernel {
 public:
  explicit Kernel(HttpExchanges& exchanges) : exchanges_(exchanges) {}

  void move(std::uint64_t connection, std::uint8_t event, std::string_view bytes,
            std::uint32_t captured_more = 0) {
    sonde_http_record r{};
    r.header.time_ns = time_ns += 1000;
    r.connection = connection;
    r.position = positions_[event & 1];
    r.length = static_cast<std::uint32_t>(bytes.size());
    r.captured = r.length + captured_more;
    r.tgid = 42;
    std::memcpy(r.comm, "server", 6);
    r.event = event;
    if (event <= SONDE_HTTP_SENT) positions_[event] += bytes.size();
    std::string record(reinterpret_cast<const char*>(&r), sizeof(r));
    record += bytes;
    exchanges_.add(std::as_bytes(std::span(record)), done);
  }

  void open(std::uint64_t connection) {
    sonde_net_ends ends{};
    std::fill_n(ends.local, 16, std::uint8_t{1});
    std::fill_n(ends.remote, 16, std::uint8_t{2});
    ends.local_port = 80;
    ends.remote_port = 4242;
    move(connection, SONDE_HTTP_OPENED, {reinterpret_cast<const char*>(&ends), sizeof(ends)});
  }

  void open_unix(std::uint64_t connection, std::string_view name) {
    sonde_http_unix_ends ends{};
    ends.ends.family = AF_UNIX;
    ends.name.bytes = static_cast<std::uint16_t>(name.size());
    std::ranges::copy(name, ends.name.path);
    move(connection, SONDE_HTTP_OPENED, {reinterpret_cast<const char*>(&ends), sizeof(ends)});
  }

  std::vector<HttpExchange> done;
  std::uint64_t time_ns = 0;

 private:
  HttpExchanges& exchanges_;
  std::uint64_t positions_[2] = {};
};

constexpr const char* kGet = "GET /path?secret HTTP/1.1\r\n\r\n";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";

}  // namespace

// An exchange has the process and the ends of its connection; what is open is counted.
BOOST_AUTO_TEST_CASE(http_exchange) {
  HttpExchanges exchanges(false, 10);
  Kernel kernel(exchanges);
  kernel.open(1);
  kernel.move(1, SONDE_HTTP_RECEIVED, kGet);
  BOOST_TEST(exchanges.open() == 1u);
  kernel.move(1, SONDE_HTTP_SENT, kOk);
  BOOST_REQUIRE(kernel.done.size() == 1u);
  const HttpExchange& e = kernel.done[0];
  BOOST_TEST(e.tgid == 42u);
  BOOST_TEST(e.comm == "server");
  BOOST_TEST(e.ends.remote_port == 4242u);
  BOOST_TEST(e.exchange.request.path == "/path");
  BOOST_TEST(e.latency_ns() == 1000u);
  BOOST_TEST(exchanges.open() == 0u);
}

// Over a unix socket the server's name is told. Connections whose end nobody tells make room for
// others, but not those that wait for a response.
BOOST_AUTO_TEST_CASE(http_over_unix_sockets) {
  using namespace std::string_view_literals;
  HttpExchanges exchanges(false, 16);
  for (std::uint64_t connection = 1; connection <= 100; ++connection) {
    Kernel kernel(exchanges);
    kernel.open_unix(connection, connection == 1 ? "\0abstract"sv : "/run/s\0"sv);
    kernel.move(connection, SONDE_HTTP_RECEIVED, kGet);
    if (connection % 20 == 0) continue;
    kernel.move(connection, SONDE_HTTP_SENT, kOk);
    BOOST_REQUIRE(kernel.done.size() == 1u);
    BOOST_TEST(kernel.done[0].socket == (connection == 1 ? "@abstract" : "/run/s"));
    HttpRows rows;
    rows.add(kernel.done[0]);
    const Table table = rows.table();
    BOOST_TEST(std::get<std::string>(table.rows.at(0).at(2)) == kernel.done[0].socket);
  }
  BOOST_TEST(exchanges.open() == 5u);
  BOOST_TEST(exchanges.connections_full() == 0u);
  Kernel late(exchanges);
  for (std::uint64_t connection = 20; connection <= 100; connection += 20)
    late.move(connection, SONDE_HTTP_SENT, kOk);
  BOOST_TEST(late.done.size() == 5u);
  BOOST_TEST(exchanges.open() == 0u);
}

// The end of a connection tells its unanswered requests, once.
BOOST_AUTO_TEST_CASE(http_connection_ends) {
  HttpExchanges exchanges(false, 10);
  Kernel kernel(exchanges);
  kernel.move(1, SONDE_HTTP_RECEIVED, kGet);
  kernel.move(1, SONDE_HTTP_CLOSED, "");
  kernel.move(1, SONDE_HTTP_CLOSED, "");
  BOOST_REQUIRE(kernel.done.size() == 1u);
  BOOST_TEST(kernel.done[0].exchange.status == 0);
}

// More connections than are followed are counted; one that ends makes room.
BOOST_AUTO_TEST_CASE(http_connections_are_bounded) {
  HttpExchanges exchanges(false, 2);
  Kernel kernel(exchanges);
  for (std::uint64_t connection = 1; connection <= 3; ++connection)
    kernel.move(connection, SONDE_HTTP_RECEIVED, kGet);
  BOOST_TEST(exchanges.connections_full() == 1u);
  kernel.move(1, SONDE_HTTP_CLOSED, "");
  kernel.move(3, SONDE_HTTP_RECEIVED, kGet);
  BOOST_TEST(exchanges.connections_full() == 1u);
  BOOST_TEST(exchanges.open() == 2u);
}

// Records that contradict themselves are counted and harm nothing.
BOOST_AUTO_TEST_CASE(malformed_http_records) {
  HttpExchanges exchanges(false, 10);
  Kernel kernel(exchanges);
  kernel.move(1, SONDE_HTTP_RECEIVED, kGet, 1);
  kernel.move(1, 4, kGet);
  exchanges.add({}, kernel.done);
  BOOST_TEST(exchanges.malformed() == 3u);
  BOOST_TEST(exchanges.open() == 0u);
}

// Rows add up what has the same method, path and status at the same server.
BOOST_AUTO_TEST_CASE(http_rows) {
  HttpExchanges exchanges(false, 10);
  Kernel kernel(exchanges);
  HttpRows rows;
  kernel.open(1);
  for (int i = 0; i < 3; ++i) {
    kernel.move(1, SONDE_HTTP_RECEIVED, kGet);
    kernel.move(1, SONDE_HTTP_SENT, kOk + std::string("1234567"));
  }
  kernel.move(1, SONDE_HTTP_RECEIVED, kGet);
  kernel.move(1, SONDE_HTTP_CLOSED, "");
  for (const HttpExchange& exchange : kernel.done)
    rows.add(exchange);
  const Table table = rows.table();
  BOOST_REQUIRE(table.rows.size() == 2u);
  const auto value = [&](std::size_t row, std::string_view key) {
    const auto column = std::ranges::find(table.columns, key, &Column::key);
    return table.rows[row][static_cast<std::size_t>(column - table.columns.begin())];
  };
  BOOST_TEST((value(0, "count") == Value{std::uint64_t{3}}));
  BOOST_TEST((value(0, "status") == Value{std::uint64_t{200}}));
  BOOST_TEST((value(0, "response_bytes") == Value{std::uint64_t{21}}));
  BOOST_TEST((value(0, "mean_ns") == Value{std::uint64_t{1000}}));
  BOOST_TEST((value(0, "server_port") == Value{std::uint64_t{80}}));
  BOOST_TEST((value(0, "server_address") == Value{std::string("101:101:101:101:101:101:101:101")}));
  BOOST_TEST((value(1, "status") == Value{}));
  BOOST_TEST((value(1, "p99_ns") == Value{}));
}

// Paths without end take no memory without end.
BOOST_AUTO_TEST_CASE(http_rows_are_bounded) {
  HttpRows rows;
  HttpExchange exchange;
  exchange.exchange.status = 200;
  for (std::size_t i = 0; i < HttpRows::kMostRows + 100; ++i) {
    exchange.exchange.request.path = "/" + std::to_string(i);
    rows.add(exchange);
  }
  BOOST_TEST(rows.pathless() == 100u);
  BOOST_TEST(rows.table().rows.size() == HttpRows::kMostRows + 1);
}

// Every row fits its columns.
BOOST_AUTO_TEST_CASE(http_row_shapes) {
  BOOST_TEST(http_row(HttpExchange(), core::WallClock()).size() ==
             report::http_table().columns.size());
  http::Counts counts;
  counts.http2 = 3;
  sonde_http_counters kernel{};
  kernel.unseen[SONDE_HTTP_URING] = 2;
  const Table unseen = http_unseen_table(counts, kernel);
  BOOST_REQUIRE(unseen.rows.size() == 2u);
  BOOST_TEST((unseen.rows[0][0] == Value{std::string("http2")}));
  BOOST_TEST((unseen.rows[1][1] == Value{std::uint64_t{2}}));
  HttpRows rows;
  rows.add(HttpExchange());
  BOOST_TEST(rows.table().rows[0].size() == rows.table().columns.size());
}
