// Joins queries with their responses.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dns/message.hpp"
#include "dns/stream.hpp"

namespace sonde::dns {

/// Between whom: "local" is the side that asks.
struct Endpoints {
  /// IPv4 as ::ffff:a.b.c.d.
  std::array<std::uint8_t, 16> local_address{};
  std::array<std::uint8_t, 16> server_address{};
  std::uint32_t netns = 0;
  std::uint16_t local_port = 0;
  std::uint16_t server_port = 0;
  bool tcp = false;

  auto operator<=>(const Endpoints&) const = default;
};

struct Client {
  /// 0 if it is not known.
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::string comm;
};

enum class PacketKind {
  data,
  begin,        // of one direction of a TCP connection
  unreachable,  // an ICMP error; its payload is the begin of the query that it is about
};

struct IcmpError {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
};

/// One captured packet.
struct Packet {
  Endpoints endpoints;
  Client client;
  std::uint64_t time_ns = 0;
  PacketKind kind = PacketKind::data;
  /// By the client.
  bool sent = false;
  IcmpError icmp;
  std::uint32_t interface = 0;
  /// TCP: of the payload's first byte.
  std::uint32_t sequence = 0;
  /// Of the payload as it was sent.
  std::size_t length = 0;
  std::span<const std::byte> payload;
};

enum class Outcome {
  answered,
  timed_out,    // no response in time
  asked_again,  // the same query was sent again before a response came
  unreachable,  // an ICMP error came
  malformed,    // too short for a query
  pending,      // still waiting when tracing ended
  unknown,      // no response was seen, but some were lost on their way to here
};
/// "answered", "timeout", "asked_again", "unreachable", "malformed", "pending", "unknown".
const char* to_string(Outcome outcome) noexcept;

/// One query and what became of it.
struct Lookup {
  Endpoints endpoints;
  Client client;
  std::uint64_t time_ns = 0;
  Outcome outcome = Outcome::pending;
  /// From the query to its response, or to what ended the wait for it.
  std::uint64_t waited_ns = 0;
  std::uint16_t id = 0;
  std::uint8_t opcode = 0;
  std::optional<Question> question;
  /// Of the query.
  Defect defect = Defect::none;
  std::optional<Message> response;
  /// Where an ICMP error ended it.
  std::optional<IcmpError> icmp;
};

class Lookups {
 public:
  /// Queries that wait; the oldest make room.
  static constexpr std::size_t kMostPending = 65536;
  /// TCP connections that are followed; the least recently used make room.
  static constexpr std::size_t kMostStreams = 4096;

  explicit Lookups(std::chrono::nanoseconds timeout)
      : timeout_ns_(static_cast<std::uint64_t>(timeout.count())) {}

  /// In the order in which they were captured.
  void add(const Packet& packet);
  /// How many packets with responses were lost so far: that a query has no response may then mean
  /// nothing.
  void note_lost_responses(std::uint64_t total) noexcept { lost_responses_ = total; }
  /// Ends the wait of queries that are older than the timeout.
  void expire(std::uint64_t now_ns);
  /// Ends the wait of all.
  void finish(std::uint64_t now_ns);
  /// Those that are over since the last call, in the order in which they ended.
  std::vector<Lookup> take();

  /// Queries so far.
  std::uint64_t queries() const noexcept { return queries_; }
  /// Those of them that wait.
  std::uint64_t pending() const noexcept { return pending_.size(); }
  /// Responses that came after their query was given up.
  std::uint64_t late_responses() const noexcept { return late_; }
  /// Bytes of TCP connections in which messages may have begun and were not seen.
  std::uint64_t lost_stream_bytes() const noexcept { return lost_stream_bytes_; }

 private:
  struct Key {
    Endpoints endpoints;
    std::uint16_t id = 0;
    std::uint16_t type = 0;
    std::string name;  // in lower case
    auto operator<=>(const Key&) const = default;
  };
  struct Pending {
    Lookup lookup;
    std::uint64_t number = 0;
    std::uint64_t lost_responses = 0;
    std::uint32_t interface = 0;
  };
  using PendingMap = std::map<Key, Pending>;
  struct Streams {
    Stream queries;
    Stream responses;
    Client client;
    std::uint64_t used_ns = 0;
  };

  static Key key_of(const Endpoints& endpoints, const Message& message);
  void add_segment(const Packet& packet);
  void add_message(const Packet& packet, const Stream::Framed& framed);
  void add_query(const Packet& packet, std::uint64_t time_ns, const Message& query);
  void add_unreadable(const Packet& packet, std::uint64_t time_ns);
  void add_response(const Packet& packet, std::uint64_t time_ns, Message response);
  void add_unreachable(const Packet& packet);
  /// What the message is about, or is an answer to.
  PendingMap::iterator find(const Endpoints& endpoints, const Message& message);
  void end(PendingMap::iterator pending, Outcome outcome, std::uint64_t time_ns);
  void give_up(PendingMap::iterator pending, std::uint64_t time_ns);
  Streams& streams_of(const Packet& packet);

  const std::uint64_t timeout_ns_;
  PendingMap pending_;
  /// By number: the oldest first.
  std::map<std::uint64_t, PendingMap::iterator> order_;
  std::map<Endpoints, Streams> streams_;
  std::vector<Lookup> done_;
  std::deque<Key> given_up_;
  std::uint64_t lost_responses_ = 0;
  std::uint64_t queries_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t lost_stream_bytes_ = 0;
};

}  // namespace sonde::dns
