#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>
#include <vector>

#include "core/features.hpp"
#include "core/kernel_error.hpp"

using namespace sonde;
using core::Feature;
using core::FeatureSet;

namespace {

int g_probes = 0;
bool count_and_say_yes(Feature) noexcept {
  ++g_probes;
  return true;
}
bool nothing(Feature) noexcept {
  return false;
}
bool no_privileges(Feature feature) noexcept {
  return feature != Feature::cap_bpf && feature != Feature::cap_perfmon;
}
bool no_btf(Feature feature) noexcept {
  return feature != Feature::btf;
}

}  // namespace

// The kernel is asked once for each feature.
BOOST_AUTO_TEST_CASE(probes_are_cached) {
  g_probes = 0;
  const FeatureSet features(count_and_say_yes);
  BOOST_TEST(features.has(Feature::btf));
  BOOST_TEST(features.has(Feature::btf));
  BOOST_TEST(g_probes == 1);
}

// A feature that was switched off is absent, whatever the kernel says, and the others are not
// touched.
BOOST_AUTO_TEST_CASE(disabled_features_are_absent) {
  FeatureSet features(count_and_say_yes);
  BOOST_TEST(features.disable(std::vector<std::string>{"sideband"}).has_value());
  BOOST_TEST(!features.has(Feature::sideband));
  BOOST_TEST(features.has(Feature::kallsyms));
}

// A misspelt feature is an error that names the right one.
BOOST_AUTO_TEST_CASE(unknown_features_are_refused) {
  FeatureSet features(count_and_say_yes);
  const auto result = features.disable(std::vector<std::string>{"sidebnad"});
  BOOST_TEST_REQUIRE(!result.has_value());
  BOOST_TEST(result.error().message().find("did you mean 'sideband'?") != std::string::npos);
}

// Missing capabilities are all named, with the command that grants them.
BOOST_AUTO_TEST_CASE(missing_privileges_name_the_fix) {
  const auto result = core::check_requirements(FeatureSet(no_privileges));
  BOOST_TEST_REQUIRE(!result.has_value());
  BOOST_TEST((result.error().code == ErrorCode::InsufficientPermissions));
  const std::string message = result.error().message();
  BOOST_TEST(message.find("missing CAP_BPF and CAP_PERFMON") != std::string::npos);
  BOOST_TEST(message.find("setcap cap_bpf,cap_perfmon") != std::string::npos);
}

// Privileges come first: without them nothing else can be told for certain.
BOOST_AUTO_TEST_CASE(requirements_are_checked_in_order) {
  BOOST_TEST((core::check_requirements(FeatureSet(nothing)).error().code ==
              ErrorCode::InsufficientPermissions));
  BOOST_TEST(
      (core::check_requirements(FeatureSet(no_btf)).error().code == ErrorCode::IncompatibleKernel));
  BOOST_TEST(core::check_requirements(FeatureSet(count_and_say_yes)).has_value());
}

// What the kernel finds wrong with an event may be its frequency; a breakpoint has none.
BOOST_AUTO_TEST_CASE(frequency_is_blamed_for_sampling_only) {
  const Error sampling = core::attach_error("perf_event:cpu-clock on CPU 3", EINVAL);
  BOOST_TEST(sampling.hint.find("perf_event_max_sample_rate") != std::string::npos);
  BOOST_TEST(core::attach_error("uprobe:/bin/true", EINVAL).hint.empty());
  BOOST_TEST(
      (core::attach_error("uprobe:/bin/true", EPERM).code == ErrorCode::InsufficientPermissions));
}
