#pragma once

#include <cstdint>
#include <functional>

#include <sonde/error.hpp>
#include "ingest/map_drain.hpp"

namespace sonde::ingest {

/// A MapDrain of struct stack_count of stack_counts.bpf.h by u64.
class CountDrain {
 public:
  /// `weight` is 0 where stacks are not weighed.
  using Visit = std::function<void(std::uint64_t key, std::uint64_t count, std::uint64_t weight)>;

  struct Maps {
    int slot_fd = -1;
    int active_fd = -1;
    int spare_fd = -1;
    std::uint32_t capacity = 0;
    /// The object was built with STACK_WEIGHED.
    bool weighed = false;
  };

  CountDrain(const Maps& maps, bool batches) noexcept
      : weighed_(maps.weighed),
        drain_({maps.slot_fd, maps.active_fd, maps.spare_fd, sizeof(std::uint64_t),
                sizeof(std::uint64_t) * (maps.weighed ? 2 : 1), maps.capacity},
               batches) {}

  /// As MapDrain::drain().
  Result<void> drain(const Visit& visit);

 private:
  bool weighed_;
  MapDrain drain_;
};

}  // namespace sonde::ingest
