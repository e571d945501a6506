#include "ingest/sideband.hpp"

#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string_view>

#include "core/perf_event.hpp"
#include "util/fail.hpp"

namespace sonde::ingest {
namespace {

// One control page, then a power of two of data pages; half of them wake the reader.
constexpr std::size_t kDataPages = 16;

std::size_t page_size() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Bodies of the records, as perf_event_open(2) lays them out after perf_event_header.
struct Mmap2Body {
  std::uint32_t pid, tid;
  std::uint64_t address, length, page_offset;
  std::uint32_t major, minor;
  std::uint64_t inode, inode_generation;
  std::uint32_t protection, flags;
};
struct TaskBody {  // PERF_RECORD_FORK and PERF_RECORD_EXIT
  std::uint32_t pid, parent_pid, tid, parent_tid;
  std::uint64_t time;
};
struct CommBody {
  std::uint32_t pid, tid;
};
struct LostBody {
  std::uint64_t id, lost;
};
// sample_id_all with PERF_SAMPLE_TID | PERF_SAMPLE_TIME.
struct SampleId {
  std::uint32_t pid, tid;
  std::uint64_t time;
};

template <class T>
bool read_at(std::span<const std::byte> record, std::size_t offset, T& value) {
  if (offset > record.size() || record.size() - offset < sizeof(T)) return false;
  std::memcpy(&value, record.data() + offset, sizeof(T));
  return true;
}

constexpr std::size_t kBody = sizeof(perf_event_header);

void apply_mmap2(std::span<const std::byte> record, process::AddressSpaces& spaces) noexcept {
  Mmap2Body body{};
  SampleId id{};
  if (!read_at(record, kBody, body) || record.size() < kBody + sizeof(body) + sizeof(id) ||
      !read_at(record, record.size() - sizeof(id), id)) {
    return;
  }
  const auto* const name = reinterpret_cast<const char*>(record.data()) + kBody + sizeof(body);
  const std::size_t room = record.size() - kBody - sizeof(body) - sizeof(id);
  process::MmapEvent event;
  event.pid = static_cast<std::int32_t>(body.pid);
  event.time_ns = id.time;
  event.start = body.address;
  event.length = body.length;
  event.file_offset = body.page_offset;
  event.file = {::makedev(body.major, body.minor), body.inode};
  event.path = {name, ::strnlen(name, room)};
  spaces.on_mmap(event);
}

void apply_task(std::span<const std::byte> record, bool fork,
                process::AddressSpaces& spaces) noexcept {
  TaskBody body{};
  if (!read_at(record, kBody, body)) return;
  const auto pid = static_cast<std::int32_t>(body.pid);
  if (fork) {
    if (body.pid != body.parent_pid)
      spaces.on_fork(static_cast<std::int32_t>(body.parent_pid), pid, body.time);
  } else if (body.pid == body.tid) {
    spaces.on_exit(pid, body.time);
  }
}

void apply_comm(std::span<const std::byte> record, const perf_event_header& header,
                process::AddressSpaces& spaces) noexcept {
  CommBody body{};
  SampleId id{};
  if ((header.misc & PERF_RECORD_MISC_COMM_EXEC) == 0 || !read_at(record, kBody, body) ||
      record.size() < kBody + sizeof(body) + sizeof(id) ||
      !read_at(record, record.size() - sizeof(id), id)) {
    return;
  }
  spaces.on_exec(static_cast<std::int32_t>(body.pid), id.time);
}

}  // namespace

std::uint64_t apply_sideband_record(std::span<const std::byte> record,
                                    process::AddressSpaces& spaces) noexcept {
  perf_event_header header{};
  if (!read_at(record, 0, header)) return 0;
  switch (header.type) {
    case PERF_RECORD_MMAP2:
      apply_mmap2(record, spaces);
      return 0;
    case PERF_RECORD_FORK:
      apply_task(record, true, spaces);
      return 0;
    case PERF_RECORD_EXIT:
      apply_task(record, false, spaces);
      return 0;
    case PERF_RECORD_COMM:
      apply_comm(record, header, spaces);
      return 0;
    case PERF_RECORD_LOST: {
      LostBody body{};
      return read_at(record, kBody, body) ? body.lost : 0;
    }
    default:
      return 0;
  }
}

Result<std::unique_ptr<Sideband>> Sideband::open(int cpu, process::AddressSpaces& spaces) {
  perf_event_attr attr = core::sideband_attr();
  attr.wakeup_watermark = static_cast<std::uint32_t>(kDataPages * page_size() / 2);
  UniqueFd fd = core::open_perf_event(attr, cpu);
  if (!fd) return fail_errno(ErrorCode::AttachFailed, "open the side-band records of a CPU");
  void* const ring = ::mmap(nullptr, ring_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (ring == MAP_FAILED) {
    return fail_errno(ErrorCode::AttachFailed, "map the side-band records of a CPU", errno,
                      "kernel.perf_event_mlock_kb may be too small");
  }
  return std::unique_ptr<Sideband>(new Sideband(std::move(fd), ring, spaces));
}

Sideband::~Sideband() {
  ::munmap(ring_, ring_bytes());
}

std::uint64_t Sideband::ring_bytes() noexcept {
  return (1 + kDataPages) * page_size();
}

Result<void> Sideband::drain() noexcept {
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
    record_.resize(header.size);
    const std::size_t first = std::min<std::size_t>(header.size, size - at);
    std::memcpy(record_.data(), data + at, first);
    std::memcpy(record_.data() + first, data, header.size - first);
    lost_ += apply_sideband_record(record_, spaces_);
    tail += header.size;
  }
  std::atomic_ref(control->data_tail).store(tail, std::memory_order_release);
  return {};
}

}  // namespace sonde::ingest
