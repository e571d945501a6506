// The map unwind_processes of unwind_state.bpf.h: what processes map, for kernels whose own records
// of it a program cannot walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include <sonde/error.hpp>
#include "process/address_spaces.hpp"

#include "shared/unwind_event.h"

namespace sonde::tracers {

/// The kernel's dev_t of user space's st_dev and back.
std::uint64_t to_user_device(std::uint32_t device);
unwind_file_key to_key(const process::FileId& id);

/// Used by one thread.
class ProcessMappings {
 public:
  /// The descriptor stays the caller's; `spaces` outlives it.
  ProcessMappings(int map_fd, process::AddressSpaces& spaces) : map_fd_(map_fd), spaces_(spaces) {}

  /// A sample has met a process whose mappings the kernel does not know.
  Result<void> on_miss(const sonde_unwind_process_miss& miss);
  /// Tells the kernel what has changed since the last call.
  Result<void> follow_changes();

 private:
  Result<void> publish(std::uint32_t tgid, std::uint32_t exec_id);
  void retract(std::uint32_t tgid) noexcept;

  int map_fd_;
  process::AddressSpaces& spaces_;
  std::map<std::uint32_t, std::uint32_t> published_;  // tgid -> exec id
  std::deque<std::uint32_t> by_age_;
  std::uint32_t version_ = 0;
  std::vector<unwind_process> value_ = std::vector<unwind_process>(1);  // 10 KiB
};

}  // namespace sonde::tracers
