#include <boost/test/unit_test.hpp>

#include <sonde/loader.hpp>

// On a machine that can trace, every check has its words and what is not ok has its fix.
BOOST_AUTO_TEST_CASE(checks_are_complete) {
  const auto support = sonde::EbpfLoader::check_system_support();
  BOOST_TEST_REQUIRE(support.has_value());
  BOOST_TEST(!support->kernel.empty());
  BOOST_TEST(!support->plan.empty());
  for (const sonde::SystemCheck& check : support->checks) {
    BOOST_TEST(!check.description.empty(), check.name);
    BOOST_TEST(check.fix.empty() == check.ok, check.name);
  }
}

// A feature that was switched off is reported as absent.
BOOST_AUTO_TEST_CASE(disabled_features_show) {
  sonde::EbpfConfig config;
  config.with_disabled_features({"btf"});
  const auto support = sonde::EbpfLoader::check_system_support(config);
  BOOST_TEST_REQUIRE(support.has_value());
  BOOST_TEST(!support->usable);
  BOOST_TEST(support->problem.find("BTF") != std::string::npos);
}
