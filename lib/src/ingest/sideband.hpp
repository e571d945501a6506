// The kernel's records of new mappings, forks, execs and exits (PERF_RECORD_*), which name the code
// of processes that live too briefly to be read in /proc.
#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/event_source.hpp"
#include "process/address_spaces.hpp"
#include "util/unique_fd.hpp"

namespace sonde::ingest {

/// Applies one record to `spaces`; unknown or malformed ones change nothing. Returns the records
/// the kernel says it lost.
std::uint64_t apply_sideband_record(std::span<const std::byte> record,
                                    process::AddressSpaces& spaces) noexcept;

/// The side-band ring of one CPU. `spaces` must outlive it.
class Sideband final : public core::EventSource {
 public:
  static Result<std::unique_ptr<Sideband>> open(int cpu, process::AddressSpaces& spaces);
  ~Sideband() override;

  int poll_fd() const noexcept override { return fd_.get(); }
  Result<void> drain() noexcept override;

  std::uint64_t lost() const noexcept { return lost_; }
  static std::uint64_t ring_bytes() noexcept;

 private:
  Sideband(UniqueFd fd, void* ring, process::AddressSpaces& spaces) noexcept
      : fd_(std::move(fd)), ring_(ring), spaces_(spaces) {}

  UniqueFd fd_;
  void* ring_;
  process::AddressSpaces& spaces_;
  std::vector<std::byte> record_;
  std::uint64_t lost_ = 0;
};

}  // namespace sonde::ingest
