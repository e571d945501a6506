#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "core/event_source.hpp"

namespace sonde::ingest {

/// Receives one record: a header and what follows it. Runs inside libbpf's C callback: must not
/// throw.
using RecordHandler = std::function<void(std::span<const std::byte>)>;

/// A live BPF ring buffer. The map must outlive it.
class RingSource final : public core::EventSource {
 public:
  static Result<std::unique_ptr<RingSource>> open(int map_fd, RecordHandler handler);

  int poll_fd() const noexcept override;
  Result<void> drain() noexcept override;

 private:
  struct RingDeleter {
    void operator()(ring_buffer* ring) const noexcept { ::ring_buffer__free(ring); }
  };

  explicit RingSource(RecordHandler handler) : handler_(std::move(handler)) {}
  static int on_record(void* self, void* data, std::size_t size) noexcept;

  RecordHandler handler_;
  std::unique_ptr<ring_buffer, RingDeleter> ring_;
};

}  // namespace sonde::ingest
