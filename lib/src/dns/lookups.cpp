#include "dns/lookups.hpp"

#include <algorithm>
#include <utility>

namespace sonde::dns {
namespace {

// Enough to know late responses by, and no more.
constexpr std::size_t kMostGivenUp = 256;

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

const char* to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::answered:
      return "answered";
    case Outcome::timed_out:
      return "timeout";
    case Outcome::asked_again:
      return "asked_again";
    case Outcome::unreachable:
      return "unreachable";
    case Outcome::malformed:
      return "malformed";
    case Outcome::pending:
      return "pending";
    case Outcome::unknown:
      return "unknown";
  }
  return "";
}

// Resolvers mix the case of names to make responses harder to forge, and some servers do not keep
// it.
Lookups::Key Lookups::key_of(const Endpoints& endpoints, const Message& message) {
  Key key{endpoints, message.id, 0, {}};
  if (!message.questions.empty()) {
    key.type = message.questions.front().type;
    key.name = lower_case(message.questions.front().name);
  }
  return key;
}

void Lookups::add(const Packet& packet) {
  if (packet.kind == PacketKind::unreachable) {
    add_unreachable(packet);
  } else if (packet.endpoints.tcp) {
    add_segment(packet);
  } else {
    add_message(packet, {packet.time_ns, packet.length, packet.payload});
  }
}

Lookups::Streams& Lookups::streams_of(const Packet& packet) {
  if (streams_.size() >= kMostStreams && !streams_.contains(packet.endpoints)) {
    streams_.erase(std::ranges::min_element(
        streams_, {}, [](const auto& entry) { return entry.second.used_ns; }));
  }
  Streams& streams = streams_[packet.endpoints];
  streams.used_ns = packet.time_ns;
  return streams;
}

void Lookups::add_segment(const Packet& packet) {
  Streams& streams = streams_of(packet);
  Stream& stream = packet.sent ? streams.queries : streams.responses;
  if (packet.kind == PacketKind::begin) {
    stream.begin(packet.sequence);
    return;
  }
  // What is sent again, or on an acknowledgment, may be so in an interrupt of another process.
  if (packet.client.pid != 0) streams.client = packet.client;
  Packet whose = packet;
  whose.client = streams.client;
  const std::uint64_t lost = stream.lost_bytes();
  stream.add({packet.time_ns, packet.sequence, packet.length, packet.payload},
             [&](const Stream::Framed& framed) { add_message(whose, framed); });
  lost_stream_bytes_ += stream.lost_bytes() - lost;
}

void Lookups::add_message(const Packet& packet, const Stream::Framed& framed) {
  auto message = parse_message(framed.bytes, framed.length);
  if (!message) {
    if (packet.sent) add_unreadable(packet, framed.time_ns);
  } else if (packet.sent && !message->response) {
    add_query(packet, framed.time_ns, *message);
  } else if (!packet.sent && message->response) {
    add_response(packet, framed.time_ns, std::move(*message));
  }
}

void Lookups::add_unreadable(const Packet& packet, std::uint64_t time_ns) {
  ++queries_;
  Lookup lookup;
  lookup.endpoints = packet.endpoints;
  lookup.client = packet.client;
  lookup.time_ns = time_ns;
  lookup.outcome = Outcome::malformed;
  lookup.defect = Defect::too_short;
  done_.push_back(std::move(lookup));
}

void Lookups::add_query(const Packet& packet, std::uint64_t time_ns, const Message& query) {
  Key key = key_of(packet.endpoints, query);
  if (const auto same = pending_.find(key); same != pending_.end()) {
    // One packet passes several devices: a VLAN's or a bridge's, then the one below it.
    if (!packet.endpoints.tcp && same->second.interface != packet.interface) return;
    end(same, Outcome::asked_again, time_ns);
  }
  if (pending_.size() >= kMostPending) end(order_.begin()->second, Outcome::unknown, time_ns);
  Pending pending;
  pending.lookup.endpoints = packet.endpoints;
  pending.lookup.client = packet.client;
  pending.lookup.time_ns = time_ns;
  pending.lookup.id = query.id;
  pending.lookup.opcode = query.opcode;
  pending.lookup.defect = query.defect;
  if (!query.questions.empty()) pending.lookup.question = query.questions.front();
  pending.number = queries_++;
  pending.lost_responses = lost_responses_;
  pending.interface = packet.interface;
  const auto [added, fresh] = pending_.emplace(std::move(key), std::move(pending));
  order_.emplace(added->second.number, added);
}

Lookups::PendingMap::iterator Lookups::find(const Endpoints& endpoints, const Message& message) {
  const Key key = key_of(endpoints, message);
  // A server that could not read the query may leave the question out.
  if (!message.questions.empty()) return pending_.find(key);
  const auto next = pending_.lower_bound(key);
  const bool matches =
      next != pending_.end() && next->first.endpoints == endpoints && next->first.id == message.id;
  return matches ? next : pending_.end();
}

void Lookups::add_response(const Packet& packet, std::uint64_t time_ns, Message response) {
  const auto asked = find(packet.endpoints, response);
  if (asked == pending_.end()) {
    const auto given_up = std::ranges::find(given_up_, key_of(packet.endpoints, response));
    if (given_up == given_up_.end()) return;
    given_up_.erase(given_up);
    ++late_;
    return;
  }
  asked->second.lookup.response = std::move(response);
  end(asked, Outcome::answered, time_ns);
}

void Lookups::add_unreachable(const Packet& packet) {
  const auto query = parse_message(packet.payload, packet.length);
  if (!query) return;
  const auto asked = find(packet.endpoints, *query);
  if (asked == pending_.end()) return;
  asked->second.lookup.icmp = packet.icmp;
  end(asked, Outcome::unreachable, packet.time_ns);
}

void Lookups::end(PendingMap::iterator pending, Outcome outcome, std::uint64_t time_ns) {
  Lookup& lookup = pending->second.lookup;
  lookup.outcome = outcome;
  lookup.waited_ns = time_ns > lookup.time_ns ? time_ns - lookup.time_ns : 0;
  done_.push_back(std::move(lookup));
  order_.erase(pending->second.number);
  pending_.erase(pending);
}

void Lookups::give_up(PendingMap::iterator pending, std::uint64_t time_ns) {
  given_up_.push_back(pending->first);
  if (given_up_.size() > kMostGivenUp) given_up_.pop_front();
  const bool lost = pending->second.lost_responses != lost_responses_;
  end(pending, lost ? Outcome::unknown : Outcome::timed_out, time_ns);
}

void Lookups::expire(std::uint64_t now_ns) {
  while (!order_.empty()) {
    const auto oldest = order_.begin()->second;
    const std::uint64_t end_ns = oldest->second.lookup.time_ns + timeout_ns_;
    if (end_ns > now_ns) return;
    give_up(oldest, end_ns);
  }
}

void Lookups::finish(std::uint64_t now_ns) {
  expire(now_ns);
  while (!order_.empty())
    end(order_.begin()->second, Outcome::pending, now_ns);
}

std::vector<Lookup> Lookups::take() {
  return std::exchange(done_, {});
}

}  // namespace sonde::dns
