#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dwarf/inflated.hpp"

using namespace sonde;

namespace {

class Random {
 public:
  std::uint64_t below(std::uint64_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % bound;
  }

 private:
  std::uint64_t state_ = 88172645463325252u;
};

// Words that repeat over a distance, as strings in debug information do.
std::vector<std::byte> sample(std::size_t size) {
  Random random;
  std::vector<std::byte> bytes;
  while (bytes.size() < size) {
    if (bytes.size() > 1000 && random.below(2) == 0) {
      const auto from =
          bytes.size() - 1 - random.below(std::min<std::uint64_t>(bytes.size(), 30'000));
      for (std::size_t i = 0; i < 20; ++i)
        bytes.push_back(bytes[from + i % (bytes.size() - from)]);
    } else {
      bytes.push_back(static_cast<std::byte>(random.below(256)));
    }
  }
  bytes.resize(size);
  return bytes;
}

std::vector<std::byte> pack(const std::vector<std::byte>& bytes) {
  uLongf size = ::compressBound(bytes.size());
  std::vector<std::byte> packed(size);
  BOOST_REQUIRE(::compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                            reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 6) == Z_OK);
  packed.resize(size);
  return packed;
}

void check_reads(const std::vector<std::byte>& whole) {
  const std::vector<std::byte> packed = pack(whole);
  const ByteSource source(packed);
  dwarf::Inflated inflated(source, 0, packed.size(), whole.size());
  Random random;
  std::vector<std::byte> part(100'000);
  for (int round = 0; round < 60; ++round) {
    const std::uint64_t offset = random.below(whole.size() + 10);
    const std::size_t length = random.below(part.size());
    const std::size_t got = inflated.read(offset, std::span(part).first(length));
    BOOST_REQUIRE_EQUAL(got, offset > whole.size() ? 0 : std::min(length, whole.size() - offset));
    BOOST_REQUIRE(std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got),
                             whole.begin() + static_cast<std::ptrdiff_t>(offset)));
  }
  std::vector<std::byte> all(whole.size());
  BOOST_TEST(inflated.read(0, all) == whole.size());
  BOOST_TEST((all == whole));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inflated)

// Any part, in any order, is what zlib expands it to; so is the whole, from front to back. A large
// stream is not kept, and starts again.
BOOST_AUTO_TEST_CASE(reads_anywhere) {
  check_reads(sample(5'000'000));
  check_reads(sample(18'000'000));
}

// Of a stream that is cut off or damaged the sound part is read, and the rest is absent.
BOOST_AUTO_TEST_CASE(ends_where_the_stream_is_damaged) {
  const std::vector<std::byte> whole = sample(1'000'000);
  std::vector<std::byte> packed = pack(whole);
  std::vector<std::byte> all(whole.size());
  {
    const ByteSource source(packed);
    dwarf::Inflated cut(source, 0, packed.size() / 2, whole.size());
    const std::size_t got = cut.read(0, all);
    BOOST_TEST(got > 100'000u);
    BOOST_TEST(got < 900'000u);
    BOOST_TEST(cut.read(999'999, std::span(all).first(1)) == 0u);
  }
  packed[0] = std::byte{0xff};
  const ByteSource source(packed);
  dwarf::Inflated damaged(source, 0, packed.size(), whole.size());
  BOOST_TEST(damaged.read(0, all) == 0u);
}

// Reads that go back again and again end before they take for ever.
BOOST_AUTO_TEST_CASE(gives_up_in_time) {
  const std::vector<std::byte> whole(20'000'000);  // packs into one block: no point to start from
  const std::vector<std::byte> packed = pack(whole);
  const ByteSource source(packed);
  dwarf::Inflated inflated(source, 0, packed.size(), whole.size());
  std::byte one = {};
  std::size_t reads = 0;
  while (reads < 10'000 && inflated.read(reads % 2 == 0 ? 19'900'000 : reads % 60 * 300'000,
                                         std::span(&one, 1)) == 1) {
    ++reads;
  }
  BOOST_TEST(reads > 10u);
  BOOST_TEST(reads < 10'000u);
}

BOOST_AUTO_TEST_SUITE_END()
