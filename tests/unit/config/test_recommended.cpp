#include <boost/test/unit_test.hpp>
#include <sonde/config.hpp>
#include <tuple>
#include <utility>

using namespace std::chrono_literals;

namespace {

struct Expected {
  const char* name;
  std::uint32_t rate;
  std::chrono::seconds duration;
};

// The table of the v0.1 migration guide.
constexpr Expected kGuide[] = {
    {"production", 19, 300s}, {"prod", 19, 300s}, {"staging", 49, 120s},
    {"development", 99, 60s}, {"dev", 99, 60s},   {"debug", 199, 30s},
};

}  // namespace

// Each environment name gives the rate and duration of the guide, from every function.
BOOST_AUTO_TEST_CASE(environments_give_the_values_of_the_guide) {
  for (const Expected& expected : kGuide) {
    BOOST_TEST_CONTEXT(expected.name) {
      const auto config = sonde::recommended_config(expected.name);
      BOOST_REQUIRE(config.has_value());
      BOOST_TEST(config->sample_rate == expected.rate);
      BOOST_TEST((config->duration == expected.duration));
      BOOST_TEST(config->validate().has_value());
      BOOST_TEST(sonde::create_recommended_config(expected.name).sample_rate == expected.rate);
      BOOST_TEST((sonde::create_recommended_config(expected.name).duration == expected.duration));
      BOOST_TEST(sonde::recommended_sample_rate(expected.name) == expected.rate);
      BOOST_TEST((sonde::recommended_duration(expected.name) == expected.duration));
    }
  }
}

// Where nobody looks on, little is sampled; where somebody does, every change of memory is told.
BOOST_AUTO_TEST_CASE(environments_sample_memory_by_what_it_may_cost) {
  constexpr std::uint64_t kKib = 1024;
  const auto distances = [](const char* name) {
    const sonde::MemoryOptions memory = sonde::recommended_config(name)->memory;
    return std::tuple(memory.sample_bytes, memory.fault_distance_bytes(true),
                      memory.fault_distance_bytes(false));
  };
  BOOST_TEST((distances("production") == std::tuple(512 * kKib, 2048 * kKib, 2048 * kKib)));
  BOOST_TEST((distances("staging") == std::tuple(128 * kKib, 512 * kKib, 512 * kKib)));
  BOOST_TEST((distances("development") == std::tuple(64 * kKib, 16 * kKib, 1u)));
  BOOST_TEST((distances("debug") == std::tuple(64 * kKib, 1u, 1u)));
}

// Where nobody looks on, a page fault costs half.
BOOST_AUTO_TEST_CASE(production_leaves_page_faults_out) {
  const auto wanted = [](const char* name) {
    return sonde::recommended_config(name)->memory.page_faults;
  };
  BOOST_TEST(!wanted("production"));
  BOOST_TEST(wanted("staging"));
  BOOST_TEST(wanted("development"));
  BOOST_TEST(wanted("debug"));
}

// Reports that nobody waits for have a bounded size.
BOOST_AUTO_TEST_CASE(environments_bound_the_stacks_of_memory) {
  const auto most = [](const char* name) {
    return sonde::recommended_config(name)->memory.max_stacks;
  };
  BOOST_TEST(most("production") == 1000u);
  BOOST_TEST(most("staging") == 1000u);
  BOOST_TEST(most("development") == 0u);
  BOOST_TEST(most("debug") == 0u);
}

// What tracing allocations may cost: without an option redis is traced, with frees too, and nothing
// is slowed by more than this.
BOOST_AUTO_TEST_CASE(environments_limit_the_cost_of_allocations) {
  const auto limits = [](const char* environment) {
    sonde::MemoryOptions options = sonde::create_recommended_config(environment).memory;
    const double alone = options.overhead_limit_percent();
    options.live = true;
    return std::pair(alone, options.overhead_limit_percent());
  };
  BOOST_TEST((limits("production") == std::pair(5.0, 5.0)));
  BOOST_TEST((limits("staging") == std::pair(20.0, 20.0)));
  BOOST_TEST((limits("development") == std::pair(40.0, 160.0)));
  BOOST_TEST((limits("debug") == std::pair(0.0, 0.0)));
  BOOST_TEST(sonde::MemoryOptions().overhead_limit_percent() == 40);
}

// An unknown name is an error for recommended_config and development for the v0.1 functions.
BOOST_AUTO_TEST_CASE(unknown_environment) {
  const auto config = sonde::recommended_config("prodution");
  BOOST_REQUIRE(!config.has_value());
  BOOST_TEST((config.error().code == sonde::ErrorCode::ConfigError));
  BOOST_TEST(config.error().message() ==
             "unknown environment 'prodution' (did you mean 'production'?). "
             "The environments are production, staging, development and debug");
  BOOST_TEST(sonde::create_recommended_config("prodution").sample_rate == 99u);
  BOOST_TEST(sonde::recommended_sample_rate("") == 99u);
  BOOST_TEST((sonde::recommended_duration("PRODUCTION") == 60s));
}
