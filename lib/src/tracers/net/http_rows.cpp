#include "tracers/net/http_rows.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "net/address.hpp"
#include "report/http_tables.hpp"
#include "tracers/net/http_tables.hpp"

namespace sonde::tracers {

std::size_t HttpRows::Hash::operator()(const Key& key) const noexcept {
  const std::hash<std::string_view> of;
  std::size_t hash = of(key.path);
  for (const std::size_t part :
       {of(key.comm), of(key.method), of(key.socket),
        of({reinterpret_cast<const char*>(key.server.data()), key.server.size()}),
        std::size_t{key.port}, std::size_t{key.status}, std::size_t{key.client},
        std::size_t{key.tls}})
    hash = hash * 31 + part;
  return hash;
}

void HttpRows::add(const HttpExchange& e) {
  const http::Exchange& exchange = e.exchange;
  Key key;
  key.comm = e.comm;
  key.method = exchange.request.method;
  key.path = exchange.request.path;
  std::ranges::copy(exchange.client ? e.ends.remote : e.ends.local, key.server.begin());
  key.port = exchange.client ? e.ends.remote_port : e.ends.local_port;
  key.socket = e.socket;
  key.status = static_cast<std::uint16_t>(exchange.status);
  key.client = exchange.client;
  key.tls = e.tls;
  auto row = rows_.find(key);
  if (row == rows_.end()) {
    if (rows_.size() >= kMostRows) {
      key.path.clear();
      ++pathless_;
    }
    row = rows_.try_emplace(std::move(key)).first;
  }
  Sums& sums = row->second;
  ++sums.count;
  sums.request_bytes += exchange.request.body_bytes.value_or(0);
  sums.response_bytes += exchange.body_bytes.value_or(0);
  if (exchange.status == 0) return;
  sums.total_ns += e.latency_ns();
  sums.min_ns = std::min(sums.min_ns, e.latency_ns());
  sums.max_ns = std::max(sums.max_ns, e.latency_ns());
  sums.latencies.add_value(e.latency_ns());
}

Table HttpRows::table() const {
  Table table = report::http_summary_table();
  std::vector<std::pair<const Key*, const Sums*>> order;
  for (const auto& [key, sums] : rows_)
    order.emplace_back(&key, &sums);
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    if (a.second->count != b.second->count) return a.second->count > b.second->count;
    const auto names = [](const Key& key) {
      return std::tie(key.path, key.method, key.status, key.comm, key.client, key.port, key.server,
                      key.socket, key.tls);
    };
    return names(*a.first) < names(*b.first);
  });
  for (const auto& [key, sums] : order) {
    const bool timed = sums->latencies.count() != 0;
    // The middle of a bucket may lie outside of what fell into it.
    const auto rank = [&, s = sums](double share) {
      return timed ? Value{std::clamp(s->latencies.percentile(share), s->min_ns, s->max_ns)}
                   : Value{};
    };
    std::vector<Value>& row = table.rows.emplace_back();
    row.emplace_back(std::string(key->client ? "client" : "server"));
    row.emplace_back(key->comm);
    if (!key->socket.empty())
      row.emplace_back(key->socket);
    else
      row.push_back(key->port == 0 ? Value{} : Value{net::address_text(key->server)});
    row.push_back(key->port == 0 ? Value{} : Value{std::uint64_t{key->port}});
    row.emplace_back(key->tls);
    row.emplace_back(key->method);
    row.push_back(key->path.empty() ? Value{} : Value{key->path});
    row.push_back(key->status == 0 ? Value{} : Value{std::uint64_t{key->status}});
    row.emplace_back(sums->count);
    row.push_back(timed ? Value{sums->total_ns / sums->latencies.count()} : Value{});
    row.push_back(rank(0.5));
    row.push_back(rank(0.9));
    row.push_back(rank(0.99));
    row.push_back(timed ? Value{sums->max_ns} : Value{});
    row.emplace_back(sums->request_bytes);
    row.emplace_back(sums->response_bytes);
  }
  return table;
}

}  // namespace sonde::tracers
