#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>

#include <string>

#include "net/address.hpp"

using namespace sonde;

namespace {

net::Address address(const char* text) {
  net::Address bytes{};
  if (::inet_pton(AF_INET6, text, bytes.data()) != 1) throw std::invalid_argument(text);
  return bytes;
}

}  // namespace

// IPv4 in IPv6 is shown as IPv4; everything else in the shortest form.
BOOST_AUTO_TEST_CASE(texts) {
  BOOST_TEST(net::address_text(address("::ffff:192.0.2.7")) == "192.0.2.7");
  BOOST_TEST(net::address_text(address("2001:0db8:0:0:0:0:0:1")) == "2001:db8::1");
  BOOST_TEST(net::address_text(address("::")) == "::");
  BOOST_TEST(net::is_unspecified(address("::")));
  BOOST_TEST(net::is_unspecified(address("::ffff:0.0.0.0")));
  BOOST_TEST(!net::is_unspecified(address("::1")));
}

// A network is the address, as 128 bits, and how many of them count.
BOOST_AUTO_TEST_CASE(networks) {
  const auto ten = net::parse_network("10.0.0.0/8").value();
  BOOST_TEST((ten.address == address("::ffff:10.0.0.0")));
  BOOST_TEST(ten.prefix == 104u);
  const auto host = net::parse_network("192.0.2.7").value();
  BOOST_TEST((host.address == address("::ffff:192.0.2.7")));
  BOOST_TEST(host.prefix == 128u);
  const auto all = net::parse_network("::/0").value();
  BOOST_TEST(all.prefix == 0u);
  const auto six = net::parse_network("2001:db8::/32").value();
  BOOST_TEST((six.address == address("2001:db8::")));
  BOOST_TEST(six.prefix == 32u);
}

// What is no network is refused, and the message names it.
BOOST_AUTO_TEST_CASE(bad_networks) {
  for (const std::string text :
       {"", "/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.1/8",
        "::1/129", "300.0.0.1", "example.org", "10.0.0.0/8/8", "2001:db8::1/32"}) {
    const auto parsed = net::parse_network(text);
    BOOST_TEST_REQUIRE(!parsed.has_value(), text);
    BOOST_TEST((parsed.error().code == ErrorCode::ConfigError));
    BOOST_TEST(parsed.error().what.find("'" + text + "'") != std::string::npos);
  }
}
