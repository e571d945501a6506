#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sonde/error.hpp>
#include "util/unique_fd.hpp"

namespace sonde::ingest {

/// One PERF_RECORD_* as the kernel wrote it.
struct SidebandRecord {
  std::uint64_t time_ns = 0;
  std::vector<std::byte> bytes;
};

/// The mapped side-band ring of one CPU. Move-only.
class SidebandRing {
 public:
  /// AttachFailed; with errno ENODEV if the CPU is offline.
  static Result<SidebandRing> open(int cpu);
  SidebandRing(SidebandRing&& other) noexcept;
  SidebandRing& operator=(SidebandRing&& other) noexcept;
  ~SidebandRing();

  int fd() const noexcept { return fd_.get(); }
  /// Appends what is in the ring and empties it.
  void read(std::vector<SidebandRecord>& records);

  static std::size_t bytes() noexcept;

 private:
  SidebandRing(UniqueFd fd, void* ring) noexcept : fd_(std::move(fd)), ring_(ring) {}

  UniqueFd fd_;
  void* ring_ = nullptr;
};

}  // namespace sonde::ingest
