#include "ingest/sideband_ring.hpp"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "core/perf_event.hpp"
#include "util/fail.hpp"

namespace sonde::ingest {
namespace {

// One control page, then a power of two of data pages; half of them wake the reader.
constexpr std::size_t kDataPages = 16;

std::size_t page_size() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// With sample_id_all and PERF_SAMPLE_TID | PERF_SAMPLE_TIME every record ends in its time.
std::uint64_t time_of(const std::vector<std::byte>& record) {
  std::uint64_t time = 0;
  if (record.size() >= sizeof(perf_event_header) + sizeof(time)) {
    std::memcpy(&time, record.data() + record.size() - sizeof(time), sizeof(time));
  }
  return time;
}

}  // namespace

std::size_t SidebandRing::bytes() noexcept {
  return (1 + kDataPages) * page_size();
}

Result<SidebandRing> SidebandRing::open(int cpu) {
  perf_event_attr attr = core::sideband_attr();
  attr.wakeup_watermark = static_cast<std::uint32_t>(kDataPages * page_size() / 2);
  UniqueFd fd = core::open_perf_event(attr, cpu);
  if (!fd) return fail_errno(ErrorCode::AttachFailed, "open the side-band records of a CPU");
  void* const ring = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (ring == MAP_FAILED) {
    return fail_errno(ErrorCode::AttachFailed, "map the side-band records of a CPU", errno,
                      "kernel.perf_event_mlock_kb may be too small");
  }
  return SidebandRing(std::move(fd), ring);
}

SidebandRing::SidebandRing(SidebandRing&& other) noexcept
    : fd_(std::move(other.fd_)), ring_(std::exchange(other.ring_, nullptr)) {
}

SidebandRing& SidebandRing::operator=(SidebandRing&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(ring_, other.ring_);
  return *this;
}

SidebandRing::~SidebandRing() {
  if (ring_ != nullptr) ::munmap(ring_, bytes());
}

void SidebandRing::read(std::vector<SidebandRecord>& records) {
  auto* const control = static_cast<perf_event_mmap_page*>(ring_);
  const auto* const data = static_cast<const std::byte*>(ring_) + page_size();
  const std::size_t size = kDataPages * page_size();
  // Pairs with the kernel's store-release of data_head (perf_output_put_handle).
  const std::uint64_t head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
  std::uint64_t tail = control->data_tail;
  while (head - tail >= sizeof(perf_event_header)) {
    perf_event_header header{};
    const std::size_t at = tail % size;
    // Records are 8-byte aligned and so is the header: it never wraps.
    std::memcpy(&header, data + at, sizeof(header));
    if (header.size < sizeof(header) || header.size > head - tail) break;
    SidebandRecord record;
    record.bytes.resize(header.size);
    const std::size_t first = std::min<std::size_t>(header.size, size - at);
    std::memcpy(record.bytes.data(), data + at, first);
    std::memcpy(record.bytes.data() + first, data, header.size - first);
    record.time_ns = time_of(record.bytes);
    records.push_back(std::move(record));
    tail += header.size;
  }
  std::atomic_ref(control->data_tail).store(tail, std::memory_order_release);
}

}  // namespace sonde::ingest
