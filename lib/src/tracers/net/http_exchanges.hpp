// HTTP exchanges out of the kernel's records: which connection a record belongs to, and whose it
// is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/connection.hpp"
#include "shared/http_event.h"

namespace sonde::tracers {

/// One request and its response, with the process at this end of the connection.
struct HttpExchange {
  http::Exchange exchange;
  std::uint32_t tgid = 0;
  std::string comm;
  sonde_net_ends ends{};
  /// Of a server's AF_UNIX socket: a path, or "@name"; empty for none.
  std::string socket;
  bool tls = false;

  std::uint64_t latency_ns() const noexcept { return exchange.end_ns - exchange.request.time_ns; }
};

class HttpExchanges {
 public:
  /// Connections at most that are followed at a time; of more the records are lost.
  HttpExchanges(bool with_query, std::uint64_t most_connections)
      : with_query_(with_query), most_connections_(most_connections) {}

  /// One struct sonde_http_record with its bytes. Appends the exchanges that are complete now.
  void add(std::span<const std::byte> record, std::vector<HttpExchange>& done);

  /// Requests without a response yet.
  std::uint64_t open() const noexcept;
  const http::Counts& counts() const noexcept { return counts_; }
  /// Records that found no room.
  std::uint64_t connections_full() const noexcept { return connections_full_; }
  std::uint64_t malformed() const noexcept { return malformed_; }

 private:
  struct Followed {
    explicit Followed(bool with_query) noexcept : connection(with_query) {}
    bool is_unix() const noexcept;

    http::Connection connection;
    sonde_net_ends ends{};
    std::string socket;
    std::uint32_t tgid = 0;
    std::string comm;
    bool tls = false;
  };

  /// False if there is no room for another connection.
  bool make_room();
  static void read_ends(Followed& followed, std::span<const std::byte> bytes);

  void append(std::vector<http::Exchange>& exchanges, const Followed& followed,
              std::vector<HttpExchange>& done) const;

  bool with_query_;
  std::uint64_t most_connections_;
  std::unordered_map<std::uint64_t, Followed> connections_;
  /// Of them over AF_UNIX, whose end is not always told.
  std::uint64_t unix_ = 0;
  /// Of one record; kept for its memory.
  std::vector<http::Exchange> exchanges_;
  http::Counts counts_;
  std::uint64_t connections_full_ = 0;
  std::uint64_t malformed_ = 0;
};

}  // namespace sonde::tracers
