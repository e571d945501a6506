#include "tracers/net/http_exchanges.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "net/address.hpp"

namespace sonde::tracers {

bool HttpExchanges::Followed::is_unix() const noexcept {
  return ends.family == AF_UNIX;
}

void HttpExchanges::append(std::vector<http::Exchange>& exchanges, const Followed& followed,
                           std::vector<HttpExchange>& done) const {
  for (http::Exchange& exchange : exchanges) {
    HttpExchange& whole = done.emplace_back();
    whole.exchange = std::move(exchange);
    whole.tgid = followed.tgid;
    whole.comm = followed.comm;
    whole.ends = followed.ends;
    whole.socket = followed.socket;
    whole.tls = followed.tls;
  }
  exchanges.clear();
}

// Those that wait for nothing may have ended. One that goes on is followed anew, from its next
// request, without its name. Not for a few of them each time.
bool HttpExchanges::make_room() {
  if (connections_.size() < most_connections_) return true;
  if (unix_ < most_connections_ / 8) return false;
  std::erase_if(connections_, [](const auto& entry) {
    return entry.second.is_unix() && entry.second.connection.open().empty();
  });
  unix_ = static_cast<std::uint64_t>(std::ranges::count_if(
      connections_, [](const auto& entry) { return entry.second.is_unix(); }));
  return connections_.size() < most_connections_;
}

void HttpExchanges::read_ends(Followed& followed, std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(followed.ends)) return;
  std::memcpy(&followed.ends, bytes.data(), sizeof(followed.ends));
  sonde_http_unix_ends named{};
  if (!followed.is_unix() || bytes.size() < sizeof(named)) return;
  std::memcpy(&named, bytes.data(), sizeof(named));
  followed.socket = net::unix_name_text(
      {named.name.path, std::min<std::size_t>(named.name.bytes, sizeof(named.name.path))});
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
    if (found->second.is_unix()) --unix_;
    connections_.erase(found);
    return;
  }
  auto at = found;
  if (at == connections_.end()) {
    if (!make_room()) {
      if (r.event != SONDE_HTTP_OPENED) ++connections_full_;
      return;
    }
    at = connections_.try_emplace(r.connection, with_query_).first;
    at->second.tls = r.tls != 0;
  }
  Followed& followed = at->second;
  if (r.event == SONDE_HTTP_OPENED) {
    const bool was_unix = followed.is_unix();
    read_ends(followed, rest);
    if (followed.is_unix() && !was_unix) ++unix_;
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
