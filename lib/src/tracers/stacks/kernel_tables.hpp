// The maps of unwind_state.bpf.h: what the kernel's unwinder reads, written from user space.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sonde/error.hpp>
#include "core/features.hpp"
#include "unwind/table_store.hpp"
#include "util/unique_fd.hpp"

#include "shared/unwind_event.h"

namespace sonde::tracers {

/// Descriptors stay the caller's; the pointers are into the skeleton's mapped .bss.
struct UnwindMaps {
  int files_fd = -1;
  int chunks_fd = -1;
  int dictionary_fd = -1;
  int misses_fd = -1;
  int processes_fd = -1;
  volatile std::uint32_t* by_process = nullptr;
  volatile std::uint32_t* generation = nullptr;
  volatile std::uint32_t* epoch = nullptr;
  const volatile __u64* misses_lost = nullptr;
  volatile __u64* dumps_done = nullptr;
};

/// Of a loaded skeleton whose object includes unwind.bpf.h.
template <class Skeleton>
UnwindMaps unwind_maps(const Skeleton& skeleton) {
  return {::bpf_map__fd(skeleton.maps.unwind_files),
          ::bpf_map__fd(skeleton.maps.unwind_chunks),
          ::bpf_map__fd(skeleton.maps.unwind_dictionary),
          ::bpf_map__fd(skeleton.maps.unwind_misses),
          ::bpf_map__fd(skeleton.maps.unwind_processes),
          &skeleton.bss->unwind_by_process,
          &skeleton.bss->unwind_generation,
          &skeleton.bss->unwind_epoch,
          &skeleton.bss->unwind_misses_lost,
          &skeleton.bss->unwind_dumps_done};
}

/// Makes the maps of an opened skeleton fit this machine, or leaves them out.
template <class SkeletonMaps>
void configure_unwinder(SkeletonMaps& maps, bool used) {
  // Not what the plan may use but what the kernel is: see unwind_state.bpf.h.
  if (used && !core::probe_kernel(core::Feature::maple_tree)) {
    ::bpf_map__set_map_flags(maps.unwind_processes, 0);
    ::bpf_map__set_map_flags(maps.unwind_files, 0);
  }
  ::bpf_map__set_max_entries(maps.unwind_rule_caches,
                             static_cast<std::uint32_t>(::libbpf_num_possible_cpus()));
  for (bpf_map* map :
       {maps.unwind_states, maps.unwind_files, maps.unwind_chunks, maps.unwind_dictionary,
        maps.unwind_announced, maps.unwind_misses, maps.unwind_rule_caches, maps.unwind_processes})
    ::bpf_map__set_autocreate(map, used);
}

/// Used by one thread.
class KernelTables final : public unwind::ChunkMemory {
 public:
  explicit KernelTables(const UnwindMaps& maps) : maps_(maps) {}
  ~KernelTables() override;
  KernelTables(const KernelTables&) = delete;
  KernelTables& operator=(const KernelTables&) = delete;

  /// Valid until unmap() or keep_lately_used().
  Result<std::span<std::uint32_t>> chunk(std::uint32_t index) override;
  /// Between two uses: mapped memory of the kernel would be counted as ours, too.
  void unmap() noexcept { keep_mapped(0); }
  /// Between two uses that follow each other at once: the kernel maps the thousand pages of a chunk
  /// one by one.
  void keep_lately_used() noexcept { keep_mapped(2); }

  /// The entries from `first` on. Before a table that refers to them is published.
  Result<void> write_dictionary(std::span<const unwind_dictionary_entry> entries,
                                std::size_t first);
  Result<void> publish(const unwind_file_key& key, const unwind_file& file);
  /// Returns when no program reads the files' tables any more.
  Result<void> retract(std::span<const unwind_file_key> keys);
  /// Value of unwind_epoch when the kernel last used it; 0 if it is not published.
  std::uint32_t last_used(const unwind_file_key& key) const noexcept;

  /// Of the chunks, which the BPF object does not hold.
  std::uint64_t chunk_bytes() const noexcept;

 private:
  struct Chunk {
    UniqueFd fd;
    std::uint32_t* words = nullptr;  // null while it is not mapped
    std::uint64_t last_use = 0;
  };
  Result<void> add_chunk();
  void keep_mapped(std::uint64_t most) noexcept;

  UnwindMaps maps_;
  std::vector<Chunk> chunks_;
  std::uint64_t uses_ = 0;
};

}  // namespace sonde::tracers
