#include "process/address_spaces.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <ctime>
#include <iterator>
#include <limits>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "process/mapped_files.hpp"
#include "process/mapping_table.hpp"
#include "process/perf_map_file.hpp"
#include "process/proc_maps.hpp"
#include "process/regular_file.hpp"

namespace sonde::process {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kPerfMapRetryNs = 1'000'000'000;
constexpr std::size_t kLongestMapsText = std::size_t{16} << 20;

std::uint64_t monotonic_ns() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// The program that a process ran between two times: from fork or exec to exec or exit.
struct Image {
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = kNever;
  /// When /proc/PID/maps was read; kNever if it was not.
  std::uint64_t read_ns = kNever;
  /// Its parent's was read, so that this one's need not be.
  bool inherited = false;
  bool observed = false;
  /// Shared between parent and child until one of them maps something.
  std::shared_ptr<MappingTable> mappings = std::make_shared<MappingTable>();
  bool has_jit_memory = false;
  std::shared_ptr<const UniqueFd> perf_map;
  std::uint64_t perf_map_tried_ns = 0;

  bool live() const { return end_ns == kNever; }
  bool was_read() const { return read_ns != kNever; }

  void add(TimedMapping entry) {
    if (mappings.use_count() > 1) mappings = std::make_shared<MappingTable>(*mappings);
    mappings->add(std::move(entry));
  }
};

}  // namespace

struct AddressSpaces::Impl {
  explicit Impl(const std::string& root_directory) : root(root_directory), files(root_directory) {}

  std::string root;
  std::mutex lock;
  MappedFiles files;
  std::unordered_map<std::int32_t, std::vector<Image>> processes;  // images by time
  std::uint64_t missed = 0;
  std::uint64_t unreadable = 0;
  std::set<std::int32_t> foreign_perf_maps;  // by process
  /// Of the processes that are watched, whether something has changed.
  struct Watched {
    bool changed = false;
    bool over = false;
  };
  std::unordered_map<std::int32_t, Watched> watched;

  void note_change(std::int32_t pid, bool over) {
    const auto found = watched.find(pid);
    if (found == watched.end()) return;
    found->second.changed = true;
    found->second.over |= over;
  }
  Image& live_image(std::int32_t pid);
  Image* image_at(std::int32_t pid, std::uint64_t time_ns);
  void add_mapping(std::int32_t pid, Image& image, const MapsEntry& entry, std::uint64_t time_ns,
                   bool from_proc);
  void read_maps(std::int32_t pid, Image& image, std::uint64_t time_ns);
  void try_perf_map(std::int32_t pid, Image& image);
};

Image& AddressSpaces::Impl::live_image(std::int32_t pid) {
  std::vector<Image>& images = processes[pid];
  if (images.empty()) {
    images.emplace_back();
  } else if (!images.back().live()) {
    // The number was used again, by a process whose fork was not told.
    const std::uint64_t previous_end = images.back().end_ns;
    images.emplace_back().start_ns = previous_end;
  }
  return images.back();
}

Image* AddressSpaces::Impl::image_at(std::int32_t pid, std::uint64_t time_ns) {
  const auto process = processes.find(pid);
  if (process == processes.end()) return nullptr;
  std::vector<Image>& images = process->second;
  for (auto image = images.rbegin(); image != images.rend(); ++image) {
    if (image->start_ns <= time_ns) return image->end_ns >= time_ns ? &*image : nullptr;
  }
  return nullptr;
}

void AddressSpaces::Impl::add_mapping(std::int32_t pid, Image& image, const MapsEntry& entry,
                                      std::uint64_t time_ns, bool from_proc) {
  TimedMapping timed;
  timed.mapping.start = entry.start;
  timed.mapping.end = entry.end;
  timed.mapping.file_offset = entry.file_offset;
  timed.mapping.kind = classify_mapping(entry.path, entry.file);
  if (timed.mapping.kind == Mapping::Kind::file) {
    timed.mapping.file = files.get(entry.file, entry.path, {pid, entry.start, entry.end});
  }
  timed.time_ns = time_ns;
  timed.from_proc = from_proc;
  image.has_jit_memory |= may_hold_jit_code(timed.mapping.kind, entry.path);
  image.add(std::move(timed));
}

void AddressSpaces::Impl::read_maps(std::int32_t pid, Image& image, std::uint64_t time_ns) {
  image.read_ns = monotonic_ns();
  errno = 0;
  const std::string text = read_text(fmt::format("{}/proc/{}/maps", root, pid), kLongestMapsText);
  const int error = errno;
  if (text.empty()) {
    const bool denied = error == EACCES || error == EPERM;
    const bool gone = error == ENOENT || error == ESRCH;
    if (denied) ++unreadable;
    if (gone && image.mappings->empty()) ++missed;
    return;
  }
  for (const MapsEntry& entry : parse_maps(text))
    add_mapping(pid, image, entry, time_ns, true);
}

void AddressSpaces::Impl::try_perf_map(std::int32_t pid, Image& image) {
  if (image.perf_map || !image.has_jit_memory || !files.may_keep_open()) return;
  const std::uint64_t now = monotonic_ns();
  if (image.perf_map_tried_ns != 0 && now - image.perf_map_tried_ns < kPerfMapRetryNs) return;
  image.perf_map_tried_ns = now;
  PerfMapFile map = open_perf_map(fmt::format("{}/proc/{}", root, pid));
  if (map.fd) image.perf_map = files.keep_open(std::move(map.fd));
  if (map.is_foreign) foreign_perf_maps.insert(pid);
}

AddressSpaces::AddressSpaces(const std::string& root) : impl_(std::make_unique<Impl>(root)) {
}
AddressSpaces::~AddressSpaces() = default;
AddressSpaces::AddressSpaces(AddressSpaces&&) noexcept = default;
AddressSpaces& AddressSpaces::operator=(AddressSpaces&&) noexcept = default;

void AddressSpaces::observe(std::int32_t pid, std::uint64_t time_ns) noexcept {
  if (pid <= 0) return;  // the idle task
  const std::lock_guard guard(impl_->lock);
  // The record of its end may be read before its last stacks.
  if (Image* const past = impl_->image_at(pid, time_ns); past != nullptr && !past->live()) {
    past->observed = true;
    return;
  }
  Image& image = impl_->live_image(pid);
  image.observed = true;
  if (!image.was_read() && !image.inherited) impl_->read_maps(pid, image, time_ns);
  impl_->try_perf_map(pid, image);
}

void AddressSpaces::on_mmap(const MmapEvent& event) noexcept {
  if (event.length == 0 || event.start + event.length < event.start) return;
  MapsEntry entry;
  entry.start = event.start;
  entry.end = event.start + event.length;
  entry.file_offset = event.file_offset;
  entry.file = event.file;
  entry.path = event.path;
  const std::lock_guard guard(impl_->lock);
  Image& image = impl_->live_image(event.pid);
  impl_->add_mapping(event.pid, image, entry, event.time_ns, false);
  impl_->note_change(event.pid, false);
  impl_->try_perf_map(event.pid, image);
}

void AddressSpaces::on_fork(std::int32_t parent, std::int32_t child,
                            std::uint64_t time_ns) noexcept {
  if (parent == child) return;  // a new thread
  const std::lock_guard guard(impl_->lock);
  const Image* const parent_image = impl_->image_at(parent, time_ns);
  Image forked;
  forked.start_ns = time_ns;
  if (parent_image != nullptr) {
    forked.mappings = parent_image->mappings;
    forked.has_jit_memory = parent_image->has_jit_memory;
    forked.inherited = parent_image->was_read() || parent_image->inherited;
  }
  std::vector<Image>& images = impl_->processes[child];
  if (!images.empty() && images.back().live()) {
    Image& last = images.back();
    if (last.was_read() && last.read_ns >= time_ns && last.start_ns < time_ns) {
      // The child itself was seen before this record of it was read.
      last.start_ns = time_ns;
      for (const TimedMapping& inherited : forked.mappings->entries())
        last.add(inherited);
      return;
    }
    last.end_ns = time_ns;
  }
  images.push_back(std::move(forked));
}

void AddressSpaces::on_exec(std::int32_t pid, std::uint64_t time_ns) noexcept {
  const std::lock_guard guard(impl_->lock);
  Image& before = impl_->live_image(pid);
  Image started;
  started.start_ns = time_ns;
  if (before.was_read() && before.read_ns >= time_ns) {
    // /proc already showed the new program when it was read for a sample of the old one.
    started.read_ns = before.read_ns;
    if (before.mappings.use_count() > 1) {
      before.mappings = std::make_shared<MappingTable>(*before.mappings);
    }
    for (TimedMapping& entry : before.mappings->take_from_proc()) {
      const auto& file = entry.mapping.file;
      started.has_jit_memory |=
          may_hold_jit_code(entry.mapping.kind, file ? std::string_view(file->path) : "");
      started.add(std::move(entry));
    }
  }
  before.end_ns = time_ns;
  impl_->processes[pid].push_back(std::move(started));
  impl_->note_change(pid, true);
}

void AddressSpaces::on_exit(std::int32_t pid, std::uint64_t time_ns) noexcept {
  const std::lock_guard guard(impl_->lock);
  const auto process = impl_->processes.find(pid);
  if (process == impl_->processes.end() || process->second.empty()) return;
  Image& last = process->second.back();
  if (last.live()) last.end_ns = time_ns;
  impl_->note_change(pid, true);
}

std::vector<Mapping> AddressSpaces::mappings(std::int32_t pid) const {
  const std::lock_guard guard(impl_->lock);
  const auto process = impl_->processes.find(pid);
  if (process == impl_->processes.end() || process->second.empty()) return {};
  return process->second.back().mappings->newest();
}

void AddressSpaces::watch(std::int32_t pid) {
  const std::lock_guard guard(impl_->lock);
  impl_->watched[pid] = {};
}

std::vector<AddressSpaces::Change> AddressSpaces::take_changed() {
  const std::lock_guard guard(impl_->lock);
  std::vector<Change> changes;
  for (auto& [pid, watched] : impl_->watched) {
    if (watched.changed) changes.push_back({pid, watched.over});
    watched.changed = false;
  }
  std::erase_if(impl_->watched, [](const auto& entry) { return entry.second.over; });
  return changes;
}

std::optional<Mapping> AddressSpaces::find(std::int32_t pid, std::uint64_t time_ns,
                                           std::uint64_t address) const noexcept {
  const std::lock_guard guard(impl_->lock);
  const Image* const image = impl_->image_at(pid, time_ns);
  const Mapping* const mapping =
      image == nullptr ? nullptr : image->mappings->find(address, time_ns);
  return mapping == nullptr ? std::nullopt : std::optional(*mapping);
}

int AddressSpaces::perf_map_fd(std::int32_t pid, std::uint64_t time_ns) const noexcept {
  const std::lock_guard guard(impl_->lock);
  // Looked for once more here: the runtime may have written it after the process was last observed.
  const auto process = impl_->processes.find(pid);
  if (process == impl_->processes.end()) return -1;
  for (auto image = process->second.rbegin(); image != process->second.rend(); ++image) {
    if (image->start_ns > time_ns) continue;
    if (image->live()) impl_->try_perf_map(pid, *image);
    return image->end_ns >= time_ns && image->perf_map ? image->perf_map->get() : -1;
  }
  return -1;
}

std::uint64_t AddressSpaces::missed_processes() const noexcept {
  const std::lock_guard guard(impl_->lock);
  return impl_->missed;
}

std::uint64_t AddressSpaces::unreadable_processes() const noexcept {
  const std::lock_guard guard(impl_->lock);
  return impl_->unreadable;
}

std::uint64_t AddressSpaces::foreign_perf_maps() const noexcept {
  const std::lock_guard guard(impl_->lock);
  return impl_->foreign_perf_maps.size();
}

void AddressSpaces::forget_unobserved(std::uint64_t time_ns) noexcept {
  const std::lock_guard guard(impl_->lock);
  for (auto process = impl_->processes.begin(); process != impl_->processes.end();) {
    std::vector<Image>& images = process->second;
    std::erase_if(images,
                  [&](const Image& image) { return !image.observed && image.end_ns < time_ns; });
    process = images.empty() ? impl_->processes.erase(process) : std::next(process);
  }
  impl_->files.forget_unused();
}

}  // namespace sonde::process
