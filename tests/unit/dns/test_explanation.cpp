#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "dns/explanation.hpp"
#include "hex_bytes.hpp"

using namespace sonde::dns;

namespace {

Lookup lookup(Outcome outcome, std::string_view response = {}) {
  Lookup l;
  l.outcome = outcome;
  l.endpoints.server_port = 53;
  l.waited_ns = 5'000'000'000;
  l.question = Question{"db.test", 28, 1};
  if (!response.empty()) {
    const auto bytes = hex_bytes(response);
    l.response = parse_message(bytes, bytes.size());
  }
  return l;
}

std::string why(const Lookup& l) {
  return explanation(l, "192.0.2.53");
}

}  // namespace

// Each end of a query has its sentence, and those that are no use to the client have failed.
BOOST_AUTO_TEST_CASE(outcomes) {
  BOOST_TEST(why(lookup(Outcome::timed_out)) == "no answer from 192.0.2.53 port 53 within 5 s");
  BOOST_TEST(why(lookup(Outcome::asked_again)) ==
             "no answer from 192.0.2.53 port 53 before the same query was sent again");
  BOOST_TEST(has_failed(lookup(Outcome::timed_out)));
  BOOST_TEST(!has_failed(lookup(Outcome::pending)));
  BOOST_TEST(result_text(lookup(Outcome::timed_out)) == "timeout");
  for (const Outcome outcome : {Outcome::malformed, Outcome::pending, Outcome::unknown})
    BOOST_TEST(!why(lookup(outcome)).empty());
}

BOOST_AUTO_TEST_CASE(response_codes) {
  const Lookup missing = lookup(Outcome::answered, "0001 8183 0000 0000 0000 0000");
  BOOST_TEST(why(missing) == "192.0.2.53 answers NXDOMAIN for db.test: the name does not exist");
  BOOST_TEST(result_text(missing) == "NXDOMAIN");
  BOOST_TEST(has_failed(missing));
  BOOST_TEST(why(lookup(Outcome::answered,
                        "0001 8185 0000 0000 0000 0001  00 0029 0200 00000000"
                        "0006 000f 0002 000f")) ==
             "192.0.2.53 answers REFUSED for db.test: the server refuses to answer this client "
             "(Blocked)");
}

// Success without records is worth a word, success with records is not.
BOOST_AUTO_TEST_CASE(successes) {
  const Lookup none = lookup(Outcome::answered, "0001 8180 0000 0000 0000 0000");
  BOOST_TEST(why(none) == "db.test has no AAAA records");
  BOOST_TEST(!has_failed(none));
  const Lookup found = lookup(Outcome::answered,
                              "0001 8180 0000 0001 0000 0000  00 0001 0001 0000003c 0004 c0000201");
  BOOST_TEST(why(found).empty());
  BOOST_TEST(answer_texts(found) == std::vector<std::string>{"A 192.0.2.1"},
             boost::test_tools::per_element());
  BOOST_TEST(why(lookup(Outcome::answered, "0001 8380 0000 0000 0000 0000")).find("over TCP") !=
             std::string::npos);
}

// RFC 792 and 4443: which of the codes says that nothing listens.
BOOST_AUTO_TEST_CASE(icmp) {
  Lookup l = lookup(Outcome::unreachable);
  l.icmp = IcmpError{3, 3};
  BOOST_TEST(why(l) == "nothing listens at 192.0.2.53 port 53 (ICMP port unreachable)");
  l.icmp = IcmpError{1, 4};
  BOOST_TEST(why(l) == "nothing listens at 192.0.2.53 port 53 (ICMP port unreachable)");
  l.icmp = IcmpError{3, 13};
  BOOST_TEST(why(l).find("firewall") != std::string::npos);
  l.icmp = IcmpError{3, 1};
  BOOST_TEST(why(l) == "192.0.2.53 cannot be reached (ICMP type 3 code 1)");
}
