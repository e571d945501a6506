// The kernel's records of new mappings, forks, execs and exits (PERF_RECORD_*), which name the code
// of processes that live too briefly to be read in /proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/event_source.hpp"
#include "ingest/sideband_ring.hpp"
#include "process/address_spaces.hpp"
#include "util/unique_fd.hpp"

namespace sonde::ingest {

/// Applies one record to `spaces`; unknown or malformed ones change nothing. Returns the records
/// the kernel says it lost.
std::uint64_t apply_sideband_record(std::span<const std::byte> record,
                                    process::AddressSpaces& spaces) noexcept;

/// The side-band records of all CPUs, applied in the order of their times. `spaces` must outlive
/// it.
class Sideband final : public core::EventSource {
 public:
  static Result<std::unique_ptr<Sideband>> open(process::AddressSpaces& spaces);

  int poll_fd() const noexcept override { return epoll_.get(); }
  Result<void> drain() noexcept override;
  /// Adds the CPUs that came online and drops those that went offline.
  Result<void> follow_cpus();

  std::uint64_t lost() const noexcept { return lost_; }
  std::uint64_t ring_bytes() const noexcept { return rings_.size() * SidebandRing::bytes(); }

 private:
  Sideband(UniqueFd epoll, process::AddressSpaces& spaces) noexcept
      : epoll_(std::move(epoll)), spaces_(spaces) {}

  UniqueFd epoll_;
  std::map<int, SidebandRing> rings_;
  process::AddressSpaces& spaces_;
  std::vector<SidebandRecord> waiting_;
  std::uint64_t lost_ = 0;
};

}  // namespace sonde::ingest
