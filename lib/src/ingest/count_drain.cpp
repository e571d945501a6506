#include "ingest/count_drain.hpp"

#include <cstring>

namespace sonde::ingest {

Result<void> CountDrain::drain(const Visit& visit) {
  return drain_.drain([&](std::span<const std::byte> key, std::span<const std::byte> value) {
    std::uint64_t name = 0;
    std::uint64_t count = 0;
    std::memcpy(&name, key.data(), sizeof(name));
    std::memcpy(&count, value.data(), sizeof(count));
    visit(name, count);
  });
}

}  // namespace sonde::ingest
