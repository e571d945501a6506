#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "tracers/target_filter.hpp"

using namespace sonde;

namespace {

// The members of filter.bpf.h's read-only data, without a skeleton.
struct Constants {
  std::uint32_t filter_self_tgid = 0;
  std::uint32_t filter_pid_namespace = 0;
  bool filter_by_tgid = false;
  bool filter_by_comm = false;
  char filter_comm[16] = {};
  std::uint64_t filter_cgroup = 0;
  std::int32_t filter_cgroup_subsystem = 0;
};

}  // namespace

// No criterion lets everything pass.
BOOST_AUTO_TEST_CASE(whole_system) {
  const auto filter = tracers::resolve_target(Target{}).value();
  BOOST_TEST(filter.description == "whole system");
  Constants constants;
  tracers::configure_filter(constants, filter, 42, 7);
  BOOST_TEST(constants.filter_self_tgid == 42u);
  BOOST_TEST(constants.filter_pid_namespace == 7u);
  BOOST_TEST(!constants.filter_by_tgid);
  BOOST_TEST(!constants.filter_by_comm);
  BOOST_TEST(constants.filter_cgroup == 0u);
  BOOST_TEST(constants.filter_cgroup_subsystem == -1);
}

// A process that does not exist is an error that names it.
BOOST_AUTO_TEST_CASE(missing_process) {
  Target target;
  target.pids = {::getpid(), 0x3ffffff};
  const auto filter = tracers::resolve_target(target);
  BOOST_TEST_REQUIRE(!filter.has_value());
  BOOST_TEST(filter.error().message().find("67108863") != std::string::npos);
}

// A name longer than the kernel keeps is compared as the kernel keeps it.
BOOST_AUTO_TEST_CASE(long_comm_is_cut) {
  Target target;
  target.comm = "a-name-of-more-than-15-bytes";
  const auto filter = tracers::resolve_target(target).value();
  Constants constants;
  tracers::configure_filter(constants, filter, 1, 0);
  BOOST_TEST(constants.filter_by_comm);
  BOOST_TEST(std::string(constants.filter_comm) == "a-name-of-more-");
}
