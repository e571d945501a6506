// The records of the live trace of system calls: batches that each CPU fills, sent through one
// ring.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/event_source.hpp"

namespace sonde::ingest {

/// One wire record. The bytes live as long as the object.
struct CallBytes {
  std::uint64_t time_ns = 0;
  std::span<const std::byte> record;
  std::shared_ptr<const std::string> chunk;
};

/// Sorts the records of several CPUs by time, and holds back those that an earlier record of
/// another CPU may still follow.
class CallOrder {
 public:
  /// Several records one after another, as they came through the ring.
  void add(std::string chunk);
  /// All records before `time_ns` have been added.
  void complete_until(std::uint64_t time_ns) noexcept { complete_ns_ = time_ns; }
  /// The first of those before that time, in order.
  std::vector<CallBytes> take(std::size_t limit);

  /// Bytes of the chunks that wait.
  std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }
  /// Records of calls, not of their memory, added so far.
  std::uint64_t calls() const noexcept { return calls_; }
  /// Chunks with a record that does not fit: the rest of such a chunk is ignored.
  std::uint64_t malformed() const noexcept { return malformed_; }

 private:
  /// Puts in order what is complete now.
  void sort();

  /// In order, from the first that was not taken.
  std::vector<CallBytes> ready_;
  std::size_t taken_ = 0;
  std::vector<CallBytes> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t complete_ns_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t malformed_ = 0;
};

/// The live source. drain() and take() may be called from different threads. When 64 MiB wait to be
/// taken, the ring is left to fill up, so that the kernel counts what is lost.
class CallStream final : public core::EventSource {
 public:
  /// The descriptors stay the caller's: the ring, the array of struct sonde_batch, the program
  /// batch_flush.
  struct Maps {
    int ring_fd = -1;
    int batches_fd = -1;
    int flush_fd = -1;
    std::uint32_t cpus = 0;
  };
  /// `on_waiting` is called by whoever drains, when there are records to take.
  static Result<std::unique_ptr<CallStream>> open(const Maps& maps,
                                                  std::function<void()> on_waiting);
  ~CallStream() override;

  int poll_fd() const noexcept override;
  Result<void> drain() noexcept override;
  /// The last drain, when no program runs any more: also what no CPU has sent.
  Result<void> finish();

  /// As CallOrder::take().
  std::vector<CallBytes> take(std::size_t limit);
  std::uint64_t calls() const;
  std::uint64_t malformed() const;

 private:
  struct RingDeleter {
    void operator()(ring_buffer* ring) const noexcept { ::ring_buffer__free(ring); }
  };

  CallStream(const Maps& maps, std::function<void()> on_waiting) noexcept
      : maps_(maps), on_waiting_(std::move(on_waiting)) {}
  static int on_chunk(void* self, void* data, std::size_t size) noexcept;
  /// False if a batch was being written to.
  bool flush() noexcept;
  Result<void> read_ring() noexcept;

  Maps maps_;
  std::function<void()> on_waiting_;
  void* batches_ = nullptr;
  std::unique_ptr<ring_buffer, RingDeleter> ring_;
  bool finished_ = false;
  mutable std::mutex lock_;
  CallOrder order_;
};

}  // namespace sonde::ingest
