#include <boost/test/unit_test.hpp>

#include "plans.hpp"
#include "tracers/net/plan.hpp"

using namespace sonde;
using core::Feature;
using core::FeatureSet;
using test::all_but;
using test::entry;
using test::everything;
using test::nothing;

// With everything there, every entry is primary.
BOOST_AUTO_TEST_CASE(net_best_case) {
  const auto plan = tracers::plan_net(EbpfConfig{}, FeatureSet(everything)).value();
  BOOST_TEST(plan.program_time);
  for (const PlanEntry& e : plan.entries)
    BOOST_TEST((e.state == PlanEntry::State::primary), e.feature);
}

// Connections need a place for what is known of each socket; the error says what to do.
BOOST_AUTO_TEST_CASE(net_without_socket_storage) {
  const auto plan = tracers::plan_net(EbpfConfig{}, FeatureSet(nothing));
  BOOST_TEST_REQUIRE(!plan.has_value());
  BOOST_TEST((plan.error().code == ErrorCode::IncompatibleKernel));
  BOOST_TEST(!plan.error().hint.empty());
}

// Before 6.3 TCP is complete, owners come later, and what UDP and unix sockets carry is not known.
BOOST_AUTO_TEST_CASE(net_without_socket_lengths) {
  const auto plan =
      tracers::plan_net(EbpfConfig{}, FeatureSet(all_but<Feature::socket_lengths>)).value();
  BOOST_TEST((entry(plan, "connections").state == PlanEntry::State::primary));
  BOOST_TEST((entry(plan, "owners").state == PlanEntry::State::fallback));
  BOOST_TEST(!entry(plan, "owners").consequence.empty());
  BOOST_TEST((entry(plan, "UDP and AF_UNIX bytes").state == PlanEntry::State::missing));
}

// Lanes say in the plan what they use, if they are wanted, and what is missing without it.
BOOST_AUTO_TEST_CASE(net_dns_and_drops) {
  EbpfConfig config;
  config.network.dns = config.network.drops = true;
  const auto best = tracers::plan_net(config, FeatureSet(everything)).value();
  BOOST_TEST((entry(best, "DNS").state == PlanEntry::State::primary));
  BOOST_TEST((entry(best, "drops").state == PlanEntry::State::primary));
  const auto linear = tracers::plan_net(config, FeatureSet(all_but<Feature::packet_pages>)).value();
  BOOST_TEST((entry(linear, "DNS").state == PlanEntry::State::fallback));
  BOOST_TEST(!entry(linear, "DNS").consequence.empty());
  const auto unnamed =
      tracers::plan_net(config, FeatureSet(all_but<Feature::drop_reasons>)).value();
  BOOST_TEST((entry(unnamed, "drops").state == PlanEntry::State::fallback));
}
