// Reads a hash map that BPF programs go on writing to.
#pragma once

#include <bpf/bpf.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <sonde/error.hpp>
#include "util/fail.hpp"

namespace sonde::ingest {

/// Calls `visit(key, value)` for what is in the map. What programs add or take out meanwhile may be
/// missed, or not; what stays is seen once. Needs BPF_MAP_LOOKUP_BATCH (5.6). MapOperationFailed.
template <class Key, class Value, class Visit>
Result<void> read_map(int map_fd, std::uint32_t capacity, Visit visit) {
  static_assert(std::is_trivially_copyable_v<Key> && std::is_trivially_copyable_v<Value>);
  // A batch ends at a bucket: ENOSPC means that the next bucket holds more than there is room for.
  std::size_t room = 1024;
  std::vector<Key> keys(room);
  std::vector<Value> values(room);
  std::uint32_t position = 0;
  bool is_first = true;
  for (;;) {
    std::uint32_t next = 0;
    auto size = static_cast<std::uint32_t>(room);
    const int error = ::bpf_map_lookup_batch(map_fd, is_first ? nullptr : &position, &next,
                                             keys.data(), values.data(), &size, nullptr);
    const int cause = error == 0 ? 0 : errno;
    if (cause == ENOSPC && room < capacity) {
      room *= 2;
      keys.resize(room);
      values.resize(room);
      continue;
    }
    if (cause != 0 && cause != ENOENT)
      return fail_errno(ErrorCode::MapOperationFailed, "read a map", cause);
    for (std::size_t i = 0; i < size; ++i)
      visit(keys[i], values[i]);
    if (cause == ENOENT) return {};
    position = next;
    is_first = false;
  }
}

}  // namespace sonde::ingest
