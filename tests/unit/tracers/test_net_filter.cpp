#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "tracers/net/filter.hpp"

using namespace sonde;
using tracers::resolve_net_filter;

namespace {

std::string refusal(const NetworkOptions& options) {
  const auto filter = resolve_net_filter(options);
  BOOST_TEST_REQUIRE(!filter.has_value());
  BOOST_TEST((filter.error().code == ErrorCode::ConfigError));
  return filter.error().what;
}

}  // namespace

// Nothing asked for is nothing left out.
BOOST_AUTO_TEST_CASE(no_filter) {
  const auto filter = resolve_net_filter({}).value();
  BOOST_TEST(!filter.filtered);
  BOOST_TEST(filter.tcp);
  BOOST_TEST(filter.udp);
  BOOST_TEST(filter.unix_);
}

// What has no ports and addresses is left out where some are asked for.
BOOST_AUTO_TEST_CASE(unix_has_no_ports) {
  NetworkOptions options;
  options.ports = {80};
  const auto filter = resolve_net_filter(options).value();
  BOOST_TEST(filter.filtered);
  BOOST_TEST(!filter.unix_);
  BOOST_TEST(filter.tcp);
}

// The mask has as many bits as the prefix of the address, which for IPv4 follows 96 others.
BOOST_AUTO_TEST_CASE(masks) {
  NetworkOptions options;
  options.remotes = {"10.0.0.0/8"};
  const auto filter = resolve_net_filter(options).value();
  BOOST_TEST_REQUIRE(filter.networks.size() == 1u);
  const auto* mask = reinterpret_cast<const std::uint8_t*>(filter.networks[0].mask);
  const auto* value = reinterpret_cast<const std::uint8_t*>(filter.networks[0].value);
  for (int i = 0; i < 16; ++i)
    BOOST_TEST(int{mask[i]} == (i < 13 ? 0xff : 0));
  BOOST_TEST(int{value[12]} == 10);
}

// Families have short names; protocols and families that do not exist are refused.
BOOST_AUTO_TEST_CASE(names) {
  NetworkOptions options;
  options.families = {"4"};
  auto filter = resolve_net_filter(options).value();
  BOOST_TEST(filter.ipv4);
  BOOST_TEST(!filter.ipv6);
  options.families = {"ipv5"};
  BOOST_TEST(refusal(options).find("'ipv5'") != std::string::npos);
  options.families = {};
  options.protocols = {"tpc"};
  BOOST_TEST(refusal(options).find("did you mean 'tcp'") != std::string::npos);
}

// There is room for so many; a namespace must be one.
BOOST_AUTO_TEST_CASE(limits) {
  NetworkOptions options;
  options.ports.assign(17, 80);
  BOOST_TEST(refusal(options).find("16 ports") != std::string::npos);
  options.ports = {};
  options.remotes.assign(9, "::1");
  BOOST_TEST(refusal(options).find("8 remote addresses") != std::string::npos);
  options.remotes = {};
  options.netns = "/dev/null";
  BOOST_TEST(refusal(options).find("is no namespace") != std::string::npos);
  options.netns = "no-such-namespace";
  BOOST_TEST(refusal(options).find("no-such-namespace") != std::string::npos);
  options.netns = "/proc/self/ns/net";
  BOOST_TEST(resolve_net_filter(options).value().netns != 0u);
}
