#include "ingest/count_drain.hpp"

#include <cstring>

namespace sonde::ingest {

Result<void> CountDrain::drain(const Visit& visit) {
  return drain_.drain([&](std::span<const std::byte> key, std::span<const std::byte> value) {
    std::uint64_t name = 0;
    std::uint64_t count = 0;
    std::uint64_t weight = 0;
    std::memcpy(&name, key.data(), sizeof(name));
    if (weighed_) std::memcpy(&weight, value.data(), sizeof(weight));
    std::memcpy(&count, value.data() + (weighed_ ? sizeof(weight) : 0), sizeof(count));
    visit(name, count, weight);
  });
}

}  // namespace sonde::ingest
