#include "tracers/net/http_exchanges.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace sonde::tracers {

void HttpExchanges::append(std::vector<http::Exchange>& exchanges, const Followed& followed,
                           std::vector<HttpExchange>& done) const {
  for (http::Exchange& exchange : exchanges) {
    HttpExchange& whole = done.emplace_back();
    whole.exchange = std::move(exchange);
    whole.tgid = followed.tgid;
    whole.comm = followed.comm;
    whole.ends = followed.ends;
    whole.tls = followed.tls;
  }
  exchanges.clear();
}

void HttpExchanges::add(std::span<const std::byte> record, std::vector<HttpExchange>& done) {
  sonde_http_record r{};
  if (record.size() < sizeof(r)) {
    ++malformed_;
    return;
  }
  std::memcpy(&r, record.data(), sizeof(r));
  const std::span<const std::byte> rest = record.subspan(sizeof(r));
  if (r.captured > rest.size() || r.event > SONDE_HTTP_OPENED ||
      (r.event <= SONDE_HTTP_SENT && r.captured > r.length)) {
    ++malformed_;
    return;
  }
  const auto found = connections_.find(r.connection);
  if (r.event == SONDE_HTTP_CLOSED) {
    if (found == connections_.end()) return;
    found->second.connection.close(r.header.time_ns, exchanges_, counts_);
    append(exchanges_, found->second, done);
    connections_.erase(found);
    return;
  }
  auto at = found;
  if (at == connections_.end()) {
    if (connections_.size() >= most_connections_) {
      if (r.event != SONDE_HTTP_OPENED) ++connections_full_;
      return;
    }
    at = connections_.try_emplace(r.connection, with_query_).first;
    at->second.tls = r.tls != 0;
  }
  Followed& followed = at->second;
  if (r.event == SONDE_HTTP_OPENED) {
    if (rest.size() >= sizeof(followed.ends))
      std::memcpy(&followed.ends, rest.data(), sizeof(followed.ends));
    return;
  }
  // Whoever has it now; a server may hand it on to a child.
  followed.tgid = r.tgid;
  followed.comm.assign(r.comm, ::strnlen(r.comm, sizeof(r.comm)));
  const http::Piece piece{
      .direction = r.event == SONDE_HTTP_SENT ? http::Direction::sent : http::Direction::received,
      .position = r.position,
      .length = r.length,
      .bytes = {reinterpret_cast<const char*>(rest.data()), r.captured},
      .time_ns = r.header.time_ns,
  };
  followed.connection.add(piece, exchanges_, counts_);
  append(exchanges_, followed, done);
}

std::uint64_t HttpExchanges::open() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [id, followed] : connections_)
    sum += followed.connection.open().size();
  return sum;
}

}  // namespace sonde::tracers
