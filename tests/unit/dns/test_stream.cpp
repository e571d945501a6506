#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "dns/stream.hpp"
#include "hex_bytes.hpp"

using boost::test_tools::per_element;
using sonde::dns::Stream;

namespace {

// Collects messages as "<length>:<captured text>".
struct Collector {
  Stream stream;
  std::vector<std::string> messages;
  std::vector<std::uint64_t> times;

  void add(std::uint32_t sequence, std::string_view hex, std::size_t more = 0,
           std::uint64_t time_ns = 0) {
    const auto bytes = hex_bytes(hex);
    stream.add({time_ns, sequence, bytes.size() + more, bytes}, [this](const Stream::Framed& m) {
      messages.push_back(
          std::to_string(m.length) + ":" +
          std::string(reinterpret_cast<const char*>(m.bytes.data()), m.bytes.size()));
      times.push_back(m.time_ns);
    });
  }
};

using Strings = std::vector<std::string>;

}  // namespace

// Messages may share a segment or be spread over several.
BOOST_AUTO_TEST_CASE(framing) {
  Collector c;
  c.stream.begin(1000);
  c.add(1000, "0003'abc'0002'd'", 0, 5);
  c.add(1008, "'e'00", 0, 6);
  c.add(1010, "01'f'", 0, 7);
  BOOST_TEST(c.messages == (Strings{"3:abc", "2:de", "1:f"}), per_element());
  BOOST_TEST(c.times == (std::vector<std::uint64_t>{5, 6, 7}), per_element());
}

// What was sent again is not read again; what comes early waits.
BOOST_AUTO_TEST_CASE(order) {
  Collector c;
  c.stream.begin(0xfffffffe);
  c.add(3, "0001'z'");
  c.add(1, "'bc'");
  c.add(0xfffffffe, "0003'a'");
  c.add(0xfffffffe, "0003'abc'");
  BOOST_TEST(c.messages == (Strings{"3:abc", "1:z"}), per_element());
  Collector again;
  again.stream.begin(10);
  again.add(10, "0002'ab'");
  again.add(10, "0002'ab'0002'cd'");
  BOOST_TEST(again.messages == (Strings{"2:ab", "2:cd"}), per_element());
}

// Without the begin of the connection the first segment begins a message.
BOOST_AUTO_TEST_CASE(joined_late) {
  Collector c;
  c.add(777, "0002'ab'");
  BOOST_TEST(c.messages == (Strings{"2:ab"}), per_element());
}

// What was not captured inside of a message is missing there, and the next one is found.
BOOST_AUTO_TEST_CASE(holes) {
  Collector c;
  c.stream.begin(0);
  c.add(0, "0008'abcd'", 4);
  c.add(10, "0002'xy'");
  BOOST_TEST(c.messages == (Strings{"8:abcd", "2:xy"}), per_element());
  BOOST_TEST(c.stream.lost_bytes() == 0u);
}

// Where messages may have begun unseen, the message before is handed out and the loss is counted.
BOOST_AUTO_TEST_CASE(lost) {
  Collector c;
  c.stream.begin(0);
  c.add(0, "0004'ab'", 7);
  c.add(11, "0001'z'");
  BOOST_TEST(c.messages == (Strings{"4:ab", "1:z"}), per_element());
  BOOST_TEST(c.stream.lost_bytes() == 7u);
}

// A segment that never came does not hold up the connection for ever.
BOOST_AUTO_TEST_CASE(never_came) {
  Collector c;
  c.stream.begin(0);
  for (std::uint32_t i = 0; i <= Stream::kMostWaiting; ++i)
    c.add(5 + i * 3, "0001'm'");
  BOOST_TEST(c.messages.size() == Stream::kMostWaiting + 1);
  BOOST_TEST(c.stream.lost_bytes() == 5u);
}

// Long messages are kept up to a limit.
BOOST_AUTO_TEST_CASE(long_message) {
  Stream stream;
  std::vector<std::byte> bytes(2 + 65535, std::byte{'x'});
  bytes[0] = bytes[1] = std::byte{0xff};
  std::size_t length = 0;
  std::size_t kept = 0;
  stream.add({0, 0, bytes.size(), bytes}, [&](const Stream::Framed& m) {
    length = m.length;
    kept = m.bytes.size();
  });
  BOOST_TEST(length == 65535u);
  BOOST_TEST(kept == Stream::kMostMessageBytes);
}
