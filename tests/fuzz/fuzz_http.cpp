// Any bytes as the reads and writes of a connection: nothing is read beyond what was captured,
// memory stays bounded, and every exchange has a request. The first byte of each piece says its
// direction and how much of it is captured, the second its length.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "expect.hpp"
#include "http/connection.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sonde::http;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Connection connection(size % 2 == 1);
  std::vector<Exchange> done;
  Counts counts;
  std::uint64_t positions[2] = {};
  std::uint64_t now = 0;
  while (input.size() >= 2) {
    const auto how = static_cast<unsigned char>(input[0]);
    const std::size_t length =
        std::min<std::size_t>(static_cast<unsigned char>(input[1]), input.size() - 2);
    input.remove_prefix(2);
    const auto direction = how & 1 ? Direction::sent : Direction::received;
    std::uint64_t& position = positions[how & 1];
    // Now and then something is not seen at all.
    if ((how & 0x70) == 0x70) position += how;
    connection.add(
        {direction, position, length, input.substr(0, how & 2 ? length / 2 : length), ++now}, done,
        counts);
    position += length;
    input.remove_prefix(length);
    EXPECT(connection.open().size() <= Connection::kMostOpen);
  }
  connection.close(++now, done, counts);
  EXPECT(connection.open().empty());
  EXPECT(done.size() + counts.forgotten == counts.requests);
  for (const Exchange& exchange : done) {
    EXPECT(!exchange.request.method.empty());
    EXPECT(exchange.request.path.size() <= Connection::kLongestPath);
    EXPECT(exchange.request.host.size() <= Connection::kLongestHost);
    EXPECT(exchange.end_ns >= exchange.request.time_ns);
    EXPECT(exchange.status >= 0 && exchange.status < 1000);
    EXPECT(exchange.client == done.front().client);
  }
  return 0;
}
