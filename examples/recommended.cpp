// The recommended configuration of an environment, and what an unknown name gives.
#include <cstdio>

#include <sonde/sonde.hpp>

int main() {
  const auto config = sonde::create_recommended_config("development");
  std::printf("development: %u Hz, %lld s\n", config.sample_rate,
              static_cast<long long>(config.duration.count() / 1'000'000'000));
  std::printf("production: %u Hz, %lld s\n", sonde::recommended_sample_rate("production"),
              static_cast<long long>(sonde::recommended_duration("production").count()));
  if (const auto valid = sonde::validate_config(config); !valid) return 1;

  // As v0.1: an unknown name gives the development values.
  std::printf("lenient: %u Hz\n", sonde::create_recommended_config("prodution").sample_rate);
  // Better: it is an error that names the four.
  const auto strict = sonde::recommended_config("prodution");
  std::printf("strict: %s\n", strict ? "no error" : strict.error().message().c_str());
}
