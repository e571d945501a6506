#include "ingest/count_drain.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "util/fail.hpp"

namespace sonde::ingest {

Result<void> CountDrain::drain(const Visit& visit) {
  const std::uint32_t slot = 0;
  if (::bpf_map_update_elem(slot_fd_, &slot, &spare_fd_, BPF_ANY) != 0) {
    return fail_errno(ErrorCode::MapOperationFailed, "swap the count maps");
  }
  std::swap(active_fd_, spare_fd_);
  return batches_ ? empty_by_batches(spare_fd_, visit) : empty_one_by_one(spare_fd_, visit);
}

Result<void> CountDrain::empty_by_batches(int map_fd, const Visit& visit) const {
  // A hash map's batch ends at a bucket: ENOSPC means that the next bucket holds more than the
  // batch has room for.
  constexpr std::uint32_t kBatch = 4096;
  std::vector<std::uint64_t> keys(kBatch);
  std::vector<std::uint64_t> counts(kBatch);
  for (;;) {
    std::uint32_t position = 0;
    auto size = static_cast<std::uint32_t>(keys.size());
    const int error = ::bpf_map_lookup_and_delete_batch(map_fd, nullptr, &position, keys.data(),
                                                        counts.data(), &size, nullptr);
    const int cause = error == 0 ? 0 : errno;
    if (cause == ENOSPC && keys.size() < capacity_) {
      keys.resize(keys.size() * 2);
      counts.resize(counts.size() * 2);
      continue;
    }
    if (cause != 0 && cause != ENOENT) {
      return fail_errno(ErrorCode::MapOperationFailed, "read the count map", cause);
    }
    for (std::uint32_t i = 0; i < size; ++i)
      visit(keys[i], counts[i]);
    if (cause == ENOENT || size == 0) return {};
  }
}

Result<void> CountDrain::empty_one_by_one(int map_fd, const Visit& visit) const {
  std::uint64_t key = 0;
  while (::bpf_map_get_next_key(map_fd, nullptr, &key) == 0) {
    std::uint64_t count = 0;
    if (::bpf_map_lookup_elem(map_fd, &key, &count) != 0 ||
        ::bpf_map_delete_elem(map_fd, &key) != 0) {
      return fail_errno(ErrorCode::MapOperationFailed, "read the count map");
    }
    visit(key, count);
  }
  if (errno != ENOENT) return fail_errno(ErrorCode::MapOperationFailed, "read the count map");
  return {};
}

}  // namespace sonde::ingest
