#include "ingest/call_stream.hpp"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "core/clock.hpp"
#include "core/libbpf_log.hpp"
#include "syscall_event.h"
#include "util/fail.hpp"

namespace sonde::ingest {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{64} << 20;

}  // namespace

void CallOrder::add(std::string chunk) {
  const auto shared = std::make_shared<const std::string>(std::move(chunk));
  std::span<const std::byte> rest = std::as_bytes(std::span(*shared));
  while (!rest.empty()) {
    sonde_record_header header{};
    if (rest.size() >= sizeof(header)) std::memcpy(&header, rest.data(), sizeof(header));
    if (header.length < sizeof(header) || header.length > rest.size() ||
        header.version != SONDE_WIRE_VERSION) {
      ++malformed_;
      return;
    }
    if (header.kind == SONDE_RECORD_CALL) ++calls_;
    waiting_bytes_ += header.length;
    waiting_.push_back({header.time_ns, rest.first(header.length), shared});
    rest = rest.subspan(header.length);
  }
}

void CallOrder::sort() {
  const auto later = std::stable_partition(
      waiting_.begin(), waiting_.end(),
      [this](const CallBytes& record) { return record.time_ns < complete_ns_; });
  ready_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(later));
  taken_ = 0;
  waiting_.erase(waiting_.begin(), later);
  std::stable_sort(ready_.begin(), ready_.end(),
                   [](const CallBytes& a, const CallBytes& b) { return a.time_ns < b.time_ns; });
}

std::vector<CallBytes> CallOrder::take(std::size_t limit) {
  if (taken_ == ready_.size()) sort();
  const std::size_t count = std::min(limit, ready_.size() - taken_);
  const auto begin = ready_.begin() + static_cast<std::ptrdiff_t>(taken_);
  const auto end = begin + static_cast<std::ptrdiff_t>(count);
  std::vector<CallBytes> first(std::make_move_iterator(begin), std::make_move_iterator(end));
  taken_ += count;
  for (const CallBytes& record : first)
    waiting_bytes_ -= record.record.size();
  return first;
}

Result<std::unique_ptr<CallStream>> CallStream::open(const Maps& maps,
                                                     std::function<void()> on_waiting) {
  std::unique_ptr<CallStream> stream(new CallStream(maps, std::move(on_waiting)));
  void* const mapped = ::mmap(nullptr, std::size_t{maps.cpus} * sizeof(sonde_batch), PROT_READ,
                              MAP_SHARED, maps.batches_fd, 0);
  if (mapped == MAP_FAILED) return fail_errno(ErrorCode::MapOperationFailed, "map the batches");
  stream->batches_ = mapped;
  const core::LibbpfLog log;
  stream->ring_.reset(::ring_buffer__new(maps.ring_fd, on_chunk, stream.get(), nullptr));
  if (stream->ring_ == nullptr) {
    Error error{ErrorCode::MapOperationFailed, errno, "map the ring buffer", {}, log.text()};
    return tl::unexpected(std::move(error));
  }
  return stream;
}

CallStream::~CallStream() {
  if (batches_ != nullptr) ::munmap(batches_, std::size_t{maps_.cpus} * sizeof(sonde_batch));
}

int CallStream::poll_fd() const noexcept {
  return ::ring_buffer__epoll_fd(ring_.get());
}

int CallStream::on_chunk(void* self, void* data, std::size_t size) noexcept {
  CallOrder& order = static_cast<CallStream*>(self)->order_;
  order.add(std::string(static_cast<const char*>(data), size));
  // libbpf stops reading, and this record counts as read.
  return order.waiting_bytes() < kMostWaiting ? 0 : -ENOBUFS;
}

bool CallStream::flush() noexcept {
  bool complete = true;
  for (std::uint32_t cpu = 0; cpu < maps_.cpus; ++cpu) {
    auto& batch = static_cast<sonde_batch*>(batches_)[cpu];
    if (std::atomic_ref(batch.used).load(std::memory_order_relaxed) == 0 &&
        std::atomic_ref(batch.busy).load(std::memory_order_relaxed) == 0)
      continue;
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.flags = BPF_F_TEST_RUN_ON_CPU;
    options.cpu = cpu;
    // It fails for a CPU that went offline; finish() reads what that has left.
    if (::bpf_prog_test_run_opts(maps_.flush_fd, &options) == 0 && options.retval != 0)
      complete = false;
  }
  return complete;
}

Result<void> CallStream::read_ring() noexcept {
  if (order_.waiting_bytes() >= kMostWaiting) return {};
  const int consumed = ::ring_buffer__consume(ring_.get());
  if (consumed < 0 && consumed != -ENOBUFS)
    return fail_errno(ErrorCode::EventProcessingFailed, "read the ring buffer", -consumed);
  return {};
}

Result<void> CallStream::drain() noexcept {
  const std::lock_guard guard(lock_);
  if (finished_) return {};
  const std::uint64_t now = core::monotonic_ns();
  const bool complete = flush();
  auto read = read_ring();
  if (complete && order_.waiting_bytes() < kMostWaiting) order_.complete_until(now);
  if (order_.waiting_bytes() != 0) on_waiting_();
  return read;
}

Result<void> CallStream::finish() {
  const std::lock_guard guard(lock_);
  const int consumed = ::ring_buffer__consume(ring_.get());
  if (consumed < 0 && consumed != -ENOBUFS)
    return fail_errno(ErrorCode::EventProcessingFailed, "read the ring buffer", -consumed);
  while (::ring_buffer__consume(ring_.get()) != 0) {
  }
  for (std::uint32_t cpu = 0; cpu < maps_.cpus; ++cpu) {
    const auto& batch = static_cast<const sonde_batch*>(batches_)[cpu];
    const std::size_t used = std::min<std::size_t>(batch.used, sizeof(batch.bytes));
    if (used != 0) order_.add(std::string(reinterpret_cast<const char*>(batch.bytes), used));
  }
  order_.complete_until(UINT64_MAX);
  if (order_.waiting_bytes() != 0) on_waiting_();
  finished_ = true;
  return {};
}

std::vector<CallBytes> CallStream::take(std::size_t limit) {
  const std::lock_guard guard(lock_);
  return order_.take(limit);
}

std::uint64_t CallStream::calls() const {
  const std::lock_guard guard(lock_);
  return order_.calls();
}

std::uint64_t CallStream::malformed() const {
  const std::lock_guard guard(lock_);
  return order_.malformed();
}

}  // namespace sonde::ingest
