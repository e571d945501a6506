#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "dns/lookups.hpp"
#include "hex_bytes.hpp"

using namespace sonde::dns;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(Outcome)
BOOST_TEST_DONT_PRINT_LOG_VALUE(Defect)

namespace {

constexpr std::string_view kQuery = "0007 0100 0001 0000 0000 0000  01'a'00 0001 0001";
constexpr std::string_view kNxdomain = "0007 8183 0001 0000 0000 0000  01'A'00 0001 0001";

struct Capture {
  Lookups lookups{5s};
  std::uint64_t now_ns = 1'000;
  Packet packet = [] {
    Packet p;
    p.endpoints.server_port = 53;
    p.endpoints.local_port = 40000;
    p.client = {77, 78, "app"};
    p.interface = 2;
    return p;
  }();

  void add(bool sent, std::string_view hex, std::size_t more = 0) {
    const auto bytes = hex_bytes(hex);
    packet.sent = sent;
    packet.time_ns = now_ns;
    packet.payload = bytes;
    packet.length = bytes.size() + more;
    lookups.add(packet);
  }
};

}  // namespace

// The time between, who asked, and what came back; the case of the name does not matter.
BOOST_AUTO_TEST_CASE(answered) {
  Capture c;
  c.add(true, kQuery);
  BOOST_TEST(c.lookups.pending() == 1u);
  BOOST_TEST(c.lookups.take().empty());
  c.now_ns += 250;
  c.add(false, kNxdomain);
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST(done[0].outcome == Outcome::answered);
  BOOST_TEST(done[0].waited_ns == 250u);
  BOOST_TEST(done[0].client.pid == 77u);
  BOOST_TEST(done[0].question->name == "a");
  BOOST_TEST(done[0].response->rcode == 3);
  BOOST_TEST(c.lookups.pending() == 0u);
  BOOST_TEST(c.lookups.queries() == 1u);
}

// A response belongs to its server, port, network namespace, id and question.
BOOST_AUTO_TEST_CASE(strangers) {
  Capture c;
  c.add(true, kQuery);
  const Packet original = c.packet;
  c.packet.endpoints.netns = 9;
  c.add(false, kNxdomain);
  c.packet = original;
  c.packet.endpoints.server_address[3] = 9;
  c.add(false, kNxdomain);
  c.packet = original;
  c.add(false, "0008 8183 0001 0000 0000 0000  01'a'00 0001 0001");
  c.add(false, "0007 8183 0001 0000 0000 0000  01'b'00 0001 0001");
  c.add(false, "0007 8183 0001 0000 0000 0000  01'a'00 001c 0001");
  BOOST_TEST(c.lookups.take().empty());
  BOOST_TEST(c.lookups.late_responses() == 0u);
}

// A server that could not read the query answers without it.
BOOST_AUTO_TEST_CASE(without_question) {
  Capture c;
  c.add(true, kQuery);
  c.add(false, "0007 8181 0000 0000 0000 0000");
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST(done[0].response->rcode == 1);
}

// The wait ends with the timeout; what comes later is counted.
BOOST_AUTO_TEST_CASE(timeout) {
  Capture c;
  c.add(true, kQuery);
  c.lookups.expire(c.now_ns + 4'999'999'999);
  BOOST_TEST(c.lookups.pending() == 1u);
  c.lookups.expire(c.now_ns + 5'000'000'000);
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST(done[0].outcome == Outcome::timed_out);
  BOOST_TEST(done[0].waited_ns == 5'000'000'000u);
  BOOST_TEST(!done[0].response.has_value());
  c.add(false, kNxdomain);
  c.add(false, kNxdomain);
  BOOST_TEST(c.lookups.late_responses() == 1u);
}

// That there is no response is not said when responses were lost.
BOOST_AUTO_TEST_CASE(lost_responses) {
  Capture c;
  c.lookups.note_lost_responses(3);
  c.add(true, kQuery);
  c.lookups.note_lost_responses(4);
  c.lookups.expire(c.now_ns + 5'000'000'000);
  BOOST_TEST(c.lookups.take().at(0).outcome == Outcome::unknown);
  c.add(true, kQuery);
  c.lookups.expire(c.now_ns + 5'000'000'000);
  BOOST_TEST(c.lookups.take().at(0).outcome == Outcome::timed_out);
}

// Each time that a query is sent is a row; one packet on two devices is sent once.
BOOST_AUTO_TEST_CASE(sent_again) {
  Capture c;
  c.add(true, kQuery);
  c.packet.interface = 5;
  c.add(true, kQuery);
  BOOST_TEST(c.lookups.queries() == 1u);
  c.packet.interface = 2;
  c.now_ns += 700;
  c.add(true, kQuery);
  c.now_ns += 10;
  c.add(false, kNxdomain);
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 2u);
  BOOST_TEST(done[0].outcome == Outcome::asked_again);
  BOOST_TEST(done[0].waited_ns == 700u);
  BOOST_TEST(done[1].outcome == Outcome::answered);
  BOOST_TEST(done[1].waited_ns == 10u);
  BOOST_TEST(c.lookups.queries() == 2u);
}

// An ICMP error names the query that it is about.
BOOST_AUTO_TEST_CASE(unreachable) {
  Capture c;
  c.add(true, kQuery);
  c.packet.kind = PacketKind::unreachable;
  c.packet.icmp = {3, 13};
  c.add(false, kQuery, 20);
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST(done[0].outcome == Outcome::unreachable);
  BOOST_TEST(done[0].icmp->code == 13);
}

// What is no query is a row of its own, and what cannot be read to its end is still asked.
BOOST_AUTO_TEST_CASE(malformed) {
  Capture c;
  c.add(true, "0007 01");
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST(done[0].outcome == Outcome::malformed);
  BOOST_TEST(done[0].defect == Defect::too_short);
  BOOST_TEST(!done[0].question.has_value());
  c.add(true, "0007 0100 0001 0000 0000 0000  c00c 0001 0001");
  c.add(false, "0007 8181 0000 0000 0000 0000");
  const auto again = c.lookups.take();
  BOOST_REQUIRE(again.size() == 1u);
  BOOST_TEST(again[0].outcome == Outcome::answered);
  BOOST_TEST(again[0].defect == Defect::name_loop);
}

// A server's own responses, and queries to a server here, are not a client's.
BOOST_AUTO_TEST_CASE(other_direction) {
  Capture c;
  c.add(true, kNxdomain);
  c.add(false, kQuery);
  c.lookups.finish(c.now_ns);
  BOOST_TEST(c.lookups.take().empty());
  BOOST_TEST(c.lookups.queries() == 0u);
}

// Over TCP queries and responses are framed, and each direction has numbers of its own.
BOOST_AUTO_TEST_CASE(tcp) {
  Capture c;
  c.packet.endpoints.tcp = true;
  c.packet.kind = PacketKind::begin;
  c.packet.sequence = 100;
  c.add(true, "");
  c.packet.sequence = 900;
  c.add(false, "");
  c.packet.kind = PacketKind::data;
  c.packet.sequence = 100;
  c.add(true, "0013 0007 0100 0001 0000 0000 0000  01'a'00");
  c.packet.sequence = 115 + 2;
  c.packet.client = {};
  c.now_ns += 5;
  c.add(true, "0001 0001");
  c.packet.sequence = 900;
  c.now_ns += 30;
  c.add(false, "0013 0007 8180 0001 0000 0000 0000  01'a'00 0001 0001");
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST(done[0].outcome == Outcome::answered);
  BOOST_TEST(done[0].waited_ns == 30u);
  BOOST_TEST(done[0].client.comm == "app");
}

// When tracing ends, those that wait are told, in the order in which they were sent.
BOOST_AUTO_TEST_CASE(finish) {
  Capture c;
  c.add(true, kQuery);
  c.add(true, "0008 0100 0001 0000 0000 0000  01'a'00 0001 0001");
  c.lookups.finish(c.now_ns + 40);
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 2u);
  BOOST_TEST(done[0].outcome == Outcome::pending);
  BOOST_TEST(done[0].id == 7);
  BOOST_TEST(done[1].id == 8);
  BOOST_TEST(done[1].waited_ns == 40u);
}

// Memory is bounded: the oldest query makes room.
BOOST_AUTO_TEST_CASE(many) {
  Capture c;
  for (std::size_t i = 0; i <= Lookups::kMostPending; ++i) {
    c.packet.endpoints.local_port = static_cast<std::uint16_t>(i);
    c.packet.endpoints.netns = static_cast<std::uint32_t>(i >> 16);
    c.add(true, kQuery);
  }
  BOOST_TEST(c.lookups.pending() == Lookups::kMostPending);
  const auto done = c.lookups.take();
  BOOST_REQUIRE(done.size() == 1u);
  BOOST_TEST(done[0].outcome == Outcome::unknown);
  BOOST_TEST(done[0].endpoints.local_port == 0);
}
