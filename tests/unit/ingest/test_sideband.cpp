#include <linux/perf_event.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "ingest/sideband.hpp"
#include "process/address_spaces.hpp"

using sonde::ingest::apply_sideband_record;
using sonde::process::AddressSpaces;

namespace {

// Builds a record as perf_event_open(2) lays it out.
class Record {
 public:
  Record(std::uint32_t type, std::uint16_t misc) {
    perf_event_header header{type, misc, 0};
    put(header);
  }
  template <class T>
  Record& put(const T& value) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof(value));
    return *this;
  }
  Record& text(std::string value) {
    value.resize((value.size() / 8 + 1) * 8);
    for (const char c : value)
      bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  std::vector<std::byte> done() {
    const auto size = static_cast<std::uint16_t>(bytes_.size());
    std::memcpy(bytes_.data() + offsetof(perf_event_header, size), &size, sizeof(size));
    return bytes_;
  }

 private:
  std::vector<std::byte> bytes_;
};

std::vector<std::byte> mmap2(std::uint32_t pid, std::uint64_t start, const std::string& path,
                             std::uint64_t time) {
  Record record(PERF_RECORD_MMAP2, 0);
  record.put(pid).put(pid);
  record.put(start).put(std::uint64_t{0x1000}).put(std::uint64_t{0x2000});
  record.put(std::uint32_t{8}).put(std::uint32_t{1}).put(std::uint64_t{77}).put(std::uint64_t{0});
  record.put(std::uint32_t{5}).put(std::uint32_t{2});
  record.text(path);
  record.put(pid).put(pid).put(time);
  return record.done();
}

constexpr std::int32_t kNoSuchProcess = 0x3ffffff;  // above any pid_max

}  // namespace

// A mapping record of a process that is gone names its code.
BOOST_AUTO_TEST_CASE(mmap2_adds_a_mapping) {
  AddressSpaces spaces("/nonexistent");
  apply_sideband_record(mmap2(kNoSuchProcess, 0x400000, "/bin/prog", 50), spaces);
  const auto mapping = spaces.find(kNoSuchProcess, 60, 0x400123);
  BOOST_TEST_REQUIRE(mapping.has_value());
  BOOST_TEST(mapping->start == 0x400000u);
  BOOST_TEST(mapping->end == 0x401000u);
  BOOST_TEST(mapping->file_offset == 0x2000u);
  BOOST_TEST(mapping->file->path == "/bin/prog");
  BOOST_TEST(mapping->file->id.inode == 77u);
}

// Lost records are counted, not passed over.
BOOST_AUTO_TEST_CASE(lost_records_are_counted) {
  AddressSpaces spaces("/nonexistent");
  const auto lost = Record(PERF_RECORD_LOST, 0).put(std::uint64_t{1}).put(std::uint64_t{42}).done();
  BOOST_TEST(apply_sideband_record(lost, spaces) == 42u);
}

// Records cut anywhere are ignored.
BOOST_AUTO_TEST_CASE(short_records_change_nothing) {
  AddressSpaces spaces("/nonexistent");
  const auto whole = mmap2(kNoSuchProcess, 0x400000, "", 50);
  for (std::size_t length = 0; length + 8 < whole.size(); ++length) {
    apply_sideband_record(std::span(whole).first(length), spaces);
  }
  BOOST_TEST((spaces.find(kNoSuchProcess, 60, 0x400123) == std::nullopt));
}
