#pragma once

#include <cstdint>
#include <functional>

#include <sonde/error.hpp>
#include "ingest/map_drain.hpp"

namespace sonde::ingest {

/// A MapDrain of counts: u64 -> u64.
class CountDrain {
 public:
  using Visit = std::function<void(std::uint64_t key, std::uint64_t count)>;

  CountDrain(int slot_fd, int active_fd, int spare_fd, std::uint32_t capacity,
             bool batches) noexcept
      : drain_(
            {slot_fd, active_fd, spare_fd, sizeof(std::uint64_t), sizeof(std::uint64_t), capacity},
            batches) {}

  /// As MapDrain::drain().
  Result<void> drain(const Visit& visit);

 private:
  MapDrain drain_;
};

}  // namespace sonde::ingest
