#include "ingest/ring_source.hpp"

#include "core/libbpf_log.hpp"
#include "util/fail.hpp"

namespace sonde::ingest {

Result<std::unique_ptr<RingSource>> RingSource::open(int map_fd, RecordHandler handler) {
  std::unique_ptr<RingSource> source(new RingSource(std::move(handler)));
  const core::LibbpfLog log;
  source->ring_.reset(::ring_buffer__new(map_fd, on_record, source.get(), nullptr));
  if (source->ring_ == nullptr) {
    Error error{ErrorCode::MapOperationFailed, errno, "map the ring buffer", {}, log.text()};
    return tl::unexpected(std::move(error));
  }
  return source;
}

int RingSource::on_record(void* self, void* data, std::size_t size) noexcept {
  static_cast<RingSource*>(self)->handler_({static_cast<const std::byte*>(data), size});
  return 0;
}

int RingSource::poll_fd() const noexcept {
  return ::ring_buffer__epoll_fd(ring_.get());
}

Result<void> RingSource::drain() noexcept {
  const int consumed = ::ring_buffer__consume(ring_.get());
  if (consumed < 0)
    return fail_errno(ErrorCode::EventProcessingFailed, "read the ring buffer", -consumed);
  return {};
}

}  // namespace sonde::ingest
