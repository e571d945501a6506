#pragma once

#include <cstdint>
#include <functional>

#include <sonde/error.hpp>

namespace sonde::ingest {

/// Empties a count map (u64 -> u64) that BPF programs reach through the only slot of an array of
/// maps. Two maps take turns: the swap returns after an RCU grace period, when no program writes to
/// the map that was taken out any more, so no count is lost or seen twice.
class CountDrain {
 public:
  using Visit = std::function<void(std::uint64_t key, std::uint64_t count)>;

  /// The descriptors stay the caller's. `active_fd` is the map in the slot now. `batches`: whether
  /// the kernel has BPF_MAP_LOOKUP_BATCH.
  CountDrain(int slot_fd, int active_fd, int spare_fd, std::uint32_t capacity,
             bool batches) noexcept
      : slot_fd_(slot_fd),
        active_fd_(active_fd),
        spare_fd_(spare_fd),
        capacity_(capacity),
        batches_(batches) {}

  /// MapOperationFailed; what was not read then stays in the map for the next call.
  Result<void> drain(const Visit& visit);

 private:
  Result<void> empty_by_batches(int map_fd, const Visit& visit) const;
  Result<void> empty_one_by_one(int map_fd, const Visit& visit) const;

  int slot_fd_;
  int active_fd_;
  int spare_fd_;
  std::uint32_t capacity_;
  bool batches_;
};

}  // namespace sonde::ingest
