#include "ingest/map_drain.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "util/fail.hpp"

namespace sonde::ingest {
namespace {

constexpr std::size_t kBatchBytes = 64 * 1024;

}  // namespace

Result<void> MapDrain::drain(const Visit& visit) {
  const std::uint32_t slot = 0;
  if (::bpf_map_update_elem(maps_.slot_fd, &slot, &maps_.spare_fd, BPF_ANY) != 0) {
    return fail_errno(ErrorCode::MapOperationFailed, "swap the maps");
  }
  std::swap(maps_.active_fd, maps_.spare_fd);
  return batches_ ? empty_by_batches(maps_.spare_fd, visit)
                  : empty_one_by_one(maps_.spare_fd, visit);
}

Result<void> MapDrain::empty_by_batches(int map_fd, const Visit& visit) const {
  // A hash map's batch ends at a bucket: ENOSPC means that the next bucket holds more than the
  // batch has room for.
  std::size_t room = std::max<std::size_t>(16, kBatchBytes / (maps_.key_size + maps_.value_size));
  std::vector<std::byte> keys(room * maps_.key_size);
  std::vector<std::byte> values(room * maps_.value_size);
  for (;;) {
    std::uint32_t position = 0;
    auto size = static_cast<std::uint32_t>(room);
    const int error = ::bpf_map_lookup_and_delete_batch(map_fd, nullptr, &position, keys.data(),
                                                        values.data(), &size, nullptr);
    const int cause = error == 0 ? 0 : errno;
    if (cause == ENOSPC && room < maps_.capacity) {
      room *= 2;
      keys.resize(room * maps_.key_size);
      values.resize(room * maps_.value_size);
      continue;
    }
    if (cause != 0 && cause != ENOENT) {
      return fail_errno(ErrorCode::MapOperationFailed, "read a map", cause);
    }
    for (std::size_t i = 0; i < size; ++i) {
      visit(std::span(keys).subspan(i * maps_.key_size, maps_.key_size),
            std::span(values).subspan(i * maps_.value_size, maps_.value_size));
    }
    if (cause == ENOENT || size == 0) return {};
  }
}

Result<void> MapDrain::empty_one_by_one(int map_fd, const Visit& visit) const {
  std::vector<std::byte> key(maps_.key_size);
  std::vector<std::byte> value(maps_.value_size);
  while (::bpf_map_get_next_key(map_fd, nullptr, key.data()) == 0) {
    if (::bpf_map_lookup_elem(map_fd, key.data(), value.data()) != 0 ||
        ::bpf_map_delete_elem(map_fd, key.data()) != 0) {
      return fail_errno(ErrorCode::MapOperationFailed, "read a map");
    }
    visit(key, value);
  }
  if (errno != ENOENT) return fail_errno(ErrorCode::MapOperationFailed, "read a map");
  return {};
}

}  // namespace sonde::ingest
