#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>

#include "net/ending.hpp"
#include "net_event.h"

using namespace sonde;

namespace {

// States of include/net/tcp_states.h.
constexpr std::uint8_t kEstablished = 1;
constexpr std::uint8_t kSynSent = 2;
constexpr std::uint8_t kFinWait2 = 5;
constexpr std::uint8_t kClose = 7;
constexpr std::uint8_t kLastAck = 9;

sonde_connection_record ended(std::uint8_t last_state, int error = 0, std::uint32_t flags = 0) {
  sonde_connection_record record{};
  record.header.time_ns = 3'000'000'000;
  record.start_ns = 1'000'000'000;
  record.ends.remote[10] = record.ends.remote[11] = 0xff;
  record.ends.remote[12] = 192;
  record.ends.remote[14] = 2;
  record.ends.remote[15] = 7;
  record.ends.remote_port = 81;
  record.ends.local_port = 40000;
  record.role = SONDE_NET_ROLE_CLIENT;
  record.state = kClose;
  record.last_state = last_state;
  record.error = error;
  record.flags = flags;
  record.tx_segments = 1;
  return record;
}

}  // namespace

// Ends by FINs are no failures, and say who was first.
BOOST_AUTO_TEST_CASE(fins) {
  const auto local = ended(kFinWait2, 0, SONDE_NET_FIN_SENT_FIRST);
  BOOST_TEST(net::close_reason(local) == "fin_local");
  BOOST_TEST(net::close_reason(ended(kLastAck)) == "fin_remote");
  BOOST_TEST(!net::has_failed(local));
  BOOST_TEST(net::explanation(local, {}).empty());
}

// An open connection has no end.
BOOST_AUTO_TEST_CASE(open) {
  auto record = ended(kEstablished);
  record.state = kEstablished;
  BOOST_TEST(net::close_reason(record).empty());
  BOOST_TEST(!net::has_failed(record));
}

// Each way in which connect() fails has its reason and its sentence.
BOOST_AUTO_TEST_CASE(connects_that_fail) {
  const auto refused = ended(kSynSent, ECONNREFUSED, SONDE_NET_HAD_RESET_IN);
  BOOST_TEST(net::close_reason(refused) == "reset_received");
  BOOST_TEST(net::explanation(refused, {}) ==
             "192.0.2.7:81 refused the connection after 2.0 s: nothing listens on that port, or a "
             "firewall rejects it");
  auto timeout = ended(kSynSent, ETIMEDOUT);
  timeout.retransmits = 6;
  BOOST_TEST(net::close_reason(timeout) == "timeout");
  BOOST_TEST(net::explanation(timeout, {}).find("6 SYNs were sent again over 2.0 s") !=
             std::string::npos);
  const auto unreachable = ended(kSynSent, EHOSTUNREACH);
  BOOST_TEST(net::close_reason(unreachable) == "unreachable");
  BOOST_TEST(net::explanation(unreachable, {}).find("192.0.2.7:81 cannot be reached") == 0u);
  BOOST_TEST(net::close_reason(ended(kSynSent)) == "cancelled");
}

// Where no program ran at the end only what was known before it is said.
BOOST_AUTO_TEST_CASE(unseen) {
  auto connects = ended(kSynSent, 0, SONDE_NET_END_UNSEEN);
  connects.tx_segments = 0;
  connects.ends.local_port = 0;
  BOOST_TEST(net::close_reason(connects) == "unseen");
  BOOST_TEST(net::ending_error(connects) == 0);
  BOOST_TEST(net::has_failed(connects));
  BOOST_TEST(net::has_failed_unseen(connects));
  BOOST_TEST(
      net::explanation(connects, {}) ==
      "connecting to 192.0.2.7:81 failed after 2.0 s; why was not seen, since the kernel did "
      "not run sonde's program then");
  const auto established = ended(kEstablished, 0, SONDE_NET_END_UNSEEN);
  BOOST_TEST(net::close_reason(established) == "unseen");
  BOOST_TEST(!net::has_failed(established));
  const auto by_fins = ended(kFinWait2, 0,
                             SONDE_NET_END_UNSEEN | SONDE_NET_FIN_SENT_FIRST | SONDE_NET_FIN_SENT |
                                 SONDE_NET_FIN_RECEIVED);
  BOOST_TEST(net::close_reason(by_fins) == "fin_local");
}

// connect() without a free port leaves no error at the socket.
BOOST_AUTO_TEST_CASE(no_port) {
  auto record = ended(kSynSent);
  record.tx_segments = 0;
  record.ends.local_port = 0;
  BOOST_TEST(net::ending_error(record) == EADDRNOTAVAIL);
  BOOST_TEST(net::explanation(record, {}) == "no local port was free to connect to 192.0.2.7:81");
}

// What the listener at the other end is known to have dropped joins the sentence.
BOOST_AUTO_TEST_CASE(overflow) {
  net::EndingContext context;
  context.listener_drops = 5;
  context.backlog_limit = 1;
  const std::string why = net::explanation(ended(kSynSent, ETIMEDOUT), context);
  BOOST_TEST(why.find("dropped 5 connections since its backlog of 1 was full") !=
             std::string::npos);
}

// Packets that the kernel dropped are the cause where there is no better one, and decide between
// those that may be.
BOOST_AUTO_TEST_CASE(dropped_packets) {
  net::EndingContext context;
  context.dropped = {.packets = 2, .outgoing = true, .reason = "NETFILTER_DROP", .function = "f"};
  const std::string drops =
      "the kernel of this machine dropped 2 of its packets: NETFILTER_DROP in f, a rule of its "
      "firewall";
  auto timeout = ended(kSynSent, ETIMEDOUT);
  timeout.retransmits = 1;
  BOOST_TEST(net::explanation(timeout, context) ==
             "192.0.2.7:81 did not answer: 1 SYNs were sent again over 2.0 s; " + drops);
  const auto refused = ended(kSynSent, ECONNREFUSED, SONDE_NET_HAD_RESET_IN);
  BOOST_TEST(net::explanation(refused, context) ==
             "192.0.2.7:81 refused the connection after 2.0 s: " + drops);
  BOOST_TEST(net::explanation(ended(kSynSent), context).ends_with("; " + drops));
  BOOST_TEST(net::explanation(ended(kEstablished, ETIMEDOUT), context).ends_with("; " + drops));
  // Nor is a connection that ended as it should failed for it.
  BOOST_TEST(net::explanation(ended(kFinWait2, 0, SONDE_NET_FIN_SENT_FIRST), context).empty());
  context.dropped->reason = "NO_SOCKET";
  BOOST_TEST(
      net::explanation(refused, context) ==
      "192.0.2.7:81 refused the connection after 2.0 s: nothing listens on that port of this "
      "machine (NO_SOCKET)");
}

// What DNS told before is added, and a failed lookup only to a connection that was not made.
BOOST_AUTO_TEST_CASE(names) {
  net::EndingContext context;
  context.remote_name = "db.test";
  context.failed_lookup = {1'500'000, "192.0.2.53 answers NXDOMAIN for a.test"};
  BOOST_TEST(
      net::explanation(ended(kSynSent, ETIMEDOUT), context)
          .ends_with("; by DNS it is db.test; 1.5 ms before, a lookup of the process failed: "
                     "192.0.2.53 answers NXDOMAIN for a.test"));
  BOOST_TEST(net::explanation(ended(kEstablished, ECONNRESET, SONDE_NET_HAD_RESET_IN), context) ==
             "192.0.2.7:81 reset the connection after 2.0 s; by DNS it is db.test");
}

// Resets of established connections say who sent them, and what was left unread.
BOOST_AUTO_TEST_CASE(resets) {
  const auto received = ended(kEstablished, ECONNRESET, SONDE_NET_HAD_RESET_IN);
  BOOST_TEST(net::explanation(received, {}) == "192.0.2.7:81 reset the connection after 2.0 s");
  auto sent = ended(kEstablished);
  sent.unread_bytes = 12;
  BOOST_TEST(net::close_reason(sent) == "reset_sent");
  BOOST_TEST(net::explanation(sent, {}).find("12 bytes unread") != std::string::npos);
}
