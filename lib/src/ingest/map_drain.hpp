#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include <sonde/error.hpp>

namespace sonde::ingest {

/// Empties a hash map that BPF programs reach through the only slot of an array of maps. Two maps
/// take turns: the swap returns after an RCU grace period, when no program writes to the map that
/// was taken out any more, so nothing is lost or seen twice.
class MapDrain {
 public:
  /// `value` holds one value, or one for each possible CPU if the map is per-CPU.
  using Visit =
      std::function<void(std::span<const std::byte> key, std::span<const std::byte> value)>;

  struct Maps {
    /// The descriptors stay the caller's. `active_fd` is the map in the slot now.
    int slot_fd = -1;
    int active_fd = -1;
    int spare_fd = -1;
    std::size_t key_size = 0;
    /// Of what a lookup gives: for a per-CPU map a multiple of 8 for each possible CPU.
    std::size_t value_size = 0;
    std::uint32_t capacity = 0;
  };

  /// `batches`: whether the kernel has BPF_MAP_LOOKUP_BATCH.
  MapDrain(const Maps& maps, bool batches) noexcept : maps_(maps), batches_(batches) {}

  /// MapOperationFailed; what was not read then stays in the map for the next call.
  Result<void> drain(const Visit& visit);

 private:
  Result<void> empty_by_batches(int map_fd, const Visit& visit) const;
  Result<void> empty_one_by_one(int map_fd, const Visit& visit) const;

  Maps maps_;
  bool batches_;
};

}  // namespace sonde::ingest
