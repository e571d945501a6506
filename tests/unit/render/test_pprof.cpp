#include <boost/test/unit_test.hpp>

#include <zlib.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "render/renderer.hpp"
#include "sample_reports.hpp"

namespace {

std::string pprof_of(const sonde::Report& report) {
  sonde::sink::MemorySink sink;
  const auto renderer = sonde::render::find_renderer("pprof")->make(sink, {});
  BOOST_REQUIRE(renderer->begin(report.header).has_value());
  BOOST_REQUIRE(renderer->finish(report).has_value());
  return sink.bytes();
}

std::string unzip(std::string bytes) {
  z_stream stream{};
  BOOST_REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  BOOST_REQUIRE(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  BOOST_TEST(stream.avail_in == 0u);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

// The field numbers below are of profile.proto.
std::vector<std::string> strings_of(const std::string& profile) {
  std::vector<std::string> strings;
  for (protozero::pbf_reader reader(profile); reader.next(6);)
    strings.push_back(reader.get_string());
  return strings;
}

std::vector<std::vector<std::int64_t>> sample_values(const std::string& profile) {
  std::vector<std::vector<std::int64_t>> samples;
  for (protozero::pbf_reader reader(profile); reader.next(2);) {
    protozero::pbf_reader sample = reader.get_message();
    while (sample.next(2)) {
      const auto range = sample.get_packed_int64();
      samples.emplace_back(range.begin(), range.end());
    }
  }
  return samples;
}

}  // namespace

// Equal reports give equal bytes: the gzip header holds no time (bytes 4 to 7, RFC 1952) and no
// name (flags 0).
BOOST_AUTO_TEST_CASE(output_is_reproducible) {
  const std::string first = pprof_of(sonde::test::cpu_report());
  BOOST_TEST((first == pprof_of(sonde::test::cpu_report())));
  BOOST_REQUIRE(first.size() > 10);
  BOOST_TEST((first.substr(0, 8) == std::string("\x1f\x8b\x08\0\0\0\0\0", 8)));
}

// The string table begins with "", holds each text once, and is UTF-8 (as nlohmann, which refuses
// anything else, sees it) even when no name was.
BOOST_AUTO_TEST_CASE(strings_are_utf8_and_unique) {
  for (const sonde::Report& report : {sonde::test::cpu_report(), sonde::test::hostile_report()}) {
    std::vector<std::string> strings = strings_of(unzip(pprof_of(report)));
    BOOST_REQUIRE(!strings.empty());
    BOOST_TEST(strings[0] == "");
    BOOST_CHECK_NO_THROW(static_cast<void>(nlohmann::json(strings).dump()));
    std::sort(strings.begin(), strings.end());
    BOOST_TEST((std::adjacent_find(strings.begin(), strings.end()) == strings.end()));
  }
}

// Every sample counts, those without a stack included.
BOOST_AUTO_TEST_CASE(values_are_complete) {
  std::int64_t samples = 0;
  std::int64_t nanoseconds = 0;
  for (const auto& values : sample_values(unzip(pprof_of(sonde::test::cpu_report())))) {
    BOOST_REQUIRE(values.size() == 2u);
    samples += values[0];
    nanoseconds += values[1];
  }
  BOOST_TEST(samples == 200);
  BOOST_TEST(nanoseconds == 200 * 10'101'010);
}

// Two profiles in one report keep their values in columns of their own.
BOOST_AUTO_TEST_CASE(profiles_do_not_mix) {
  sonde::Report report = sonde::test::cpu_report();
  sonde::StackProfile other;
  other.sample_types = {{"alloc", "bytes"}};
  other.frames = {{"alloc", sonde::kNoModule, sonde::FrameKind::user, 1}};
  other.stacks = {{1, 1, "x", {0}, {UINT64_MAX}}};
  report.sections.emplace_back(other);
  const auto samples = sample_values(unzip(pprof_of(report)));
  BOOST_REQUIRE(samples.size() == 8u);
  const std::vector<std::int64_t> first = {100, 1'010'101'000, 0};
  const std::vector<std::int64_t> last = {0, 0, INT64_MAX};  // profile.proto has no unsigned values
  BOOST_TEST(samples.front() == first, boost::test_tools::per_element());
  BOOST_TEST(samples.back() == last, boost::test_tools::per_element());
}
