#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "ingest/recording.hpp"
#include "stack_records.hpp"

using sonde::ingest::RecordingSource;
using sonde::ingest::RecordingWriter;
using sonde::test::count_record;
using sonde::test::StackRecord;

namespace {

std::string sample_recording() {
  RecordingWriter writer;
  writer.append(StackRecord{.key = 1, .user = {1, 2, 3}}.bytes());
  writer.append(count_record(1, 9));
  return writer.bytes();
}

}  // namespace

// What was written comes back record by record, in order.
BOOST_AUTO_TEST_CASE(round_trip) {
  std::vector<std::size_t> lengths;
  RecordingSource source(sample_recording(),
                         [&](std::span<const std::byte> r) { lengths.push_back(r.size()); });
  BOOST_TEST(source.drain().has_value());
  BOOST_TEST(lengths == (std::vector<std::size_t>{sizeof(sonde_stack_record) + 24,
                                                  sizeof(sonde_count_record)}));
}

// A recording cut anywhere but between records says so.
BOOST_AUTO_TEST_CASE(cut_short) {
  const std::string whole = sample_recording();
  const std::size_t head = 16;
  const std::size_t second = head + sizeof(sonde_stack_record) + 24;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    RecordingSource source(whole.substr(0, length), [](std::span<const std::byte>) {});
    const bool between_records = length == head || length == second;
    BOOST_TEST(source.drain().has_value() == between_records, length);
  }
}

// Another program's file, or another version's, is refused.
BOOST_AUTO_TEST_CASE(foreign_files) {
  std::string other_version = sample_recording();
  other_version[8] = 99;
  for (const std::string& bytes : {std::string("PERFILE2........"), other_version}) {
    RecordingSource source(bytes, [](std::span<const std::byte>) {});
    BOOST_TEST(!source.drain().has_value());
  }
}
