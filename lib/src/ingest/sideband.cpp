#include "ingest/sideband.hpp"

#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/clock.hpp"
#include "core/machine.hpp"
#include "util/fail.hpp"

namespace sonde::ingest {
namespace {

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

Result<std::unique_ptr<Sideband>> Sideband::open(process::AddressSpaces& spaces) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno(ErrorCode::AttachFailed, "create an epoll instance");
  std::unique_ptr<Sideband> sideband(new Sideband(std::move(epoll), spaces));
  if (auto followed = sideband->follow_cpus(); !followed) return tl::unexpected(followed.error());
  return sideband;
}

Result<void> Sideband::follow_cpus() {
  const std::vector<int> cpus = core::online_cpus();
  // The kernel stops the event of a CPU that goes offline and does not start it again.
  for (auto& [cpu, ring] : rings_) {
    if (!std::binary_search(cpus.begin(), cpus.end(), cpu)) ring.read(waiting_);
  }
  std::erase_if(rings_, [&](const auto& entry) {
    return !std::binary_search(cpus.begin(), cpus.end(), entry.first);
  });
  for (const int cpu : cpus) {
    if (rings_.contains(cpu)) continue;
    auto ring = SidebandRing::open(cpu);
    if (!ring) {
      if (ring.error().sys_errno == ENODEV) continue;  // went offline meanwhile
      return tl::unexpected(ring.error());
    }
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, ring->fd(), &event) != 0) {
      return fail_errno(ErrorCode::AttachFailed, "wait for the side-band records of a CPU");
    }
    rings_.emplace(cpu, std::move(*ring));
  }
  return {};
}

Result<void> Sideband::drain() noexcept {
  // A process that moves between CPUs leaves its records in several rings. Those from before this
  // moment are all there; of later ones some may be missing, so they wait.
  const std::uint64_t complete_until = core::monotonic_ns();
  for (auto& [cpu, ring] : rings_)
    ring.read(waiting_);
  const auto by_time = [](const SidebandRecord& a, const SidebandRecord& b) {
    return a.time_ns < b.time_ns;
  };
  std::stable_sort(waiting_.begin(), waiting_.end(), by_time);
  const auto end =
      std::find_if(waiting_.begin(), waiting_.end(),
                   [&](const SidebandRecord& record) { return record.time_ns > complete_until; });
  for (auto record = waiting_.begin(); record != end; ++record) {
    lost_ += apply_sideband_record(record->bytes, spaces_);
  }
  waiting_.erase(waiting_.begin(), end);
  return {};
}

}  // namespace sonde::ingest
