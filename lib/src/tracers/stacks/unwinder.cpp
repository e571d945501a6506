#include "tracers/stacks/unwinder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstring>
#include <utility>

#include "elf/image.hpp"
#include "elf/vdso.hpp"
#include "process/proc_maps.hpp"
#include "process/regular_file.hpp"
#include "util/fail.hpp"
#include "util/own_thread.hpp"

namespace sonde::tracers {
namespace {

// A file that is dropped is met again. Stacks never are: the kernel sends no more than
// SONDE_MOST_DUMPS, 4 MiB, before they are unwound.
constexpr std::size_t kMostWaiting = 512;
constexpr int kMostFailures = 5;
constexpr std::size_t kLongestMapsText = std::size_t{16} << 20;

// As the kernel shows it in the mount namespace of the process; empty if we may not know.
std::string mapped_path(const sonde_unwind_miss& miss) {
  const std::string link =
      fmt::format("/proc/{}/map_files/{:x}-{:x}", miss.tgid, miss.start, miss.end);
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  if (length > 0) return {target.data(), static_cast<std::size_t>(length)};
  const std::string maps =
      process::read_text(fmt::format("/proc/{}/maps", miss.tgid), kLongestMapsText);
  for (const process::MapsEntry& entry : process::parse_maps(maps)) {
    if (entry.start == miss.start) return entry.path;
  }
  return {};
}

}  // namespace

Unwinder::Unwinder(std::uint64_t limit_bytes, process::AddressSpaces& spaces,
                   ingest::RecordHandler on_stack)
    : limit_bytes_(limit_bytes), spaces_(spaces), on_stack_(std::move(on_stack)) {
}

Unwinder::~Unwinder() {
  close();
}

Result<void> Unwinder::open(const UnwindMaps& maps, std::span<const std::uint32_t> tgids,
                            bool by_process) {
  maps_ = maps;
  *maps_.by_process = by_process ? 1 : 0;
  processes_ = std::make_unique<ProcessMappings>(maps_.processes_fd, spaces_);
  *maps_.epoch = 1;
  auto ring = ingest::RingSource::open(
      maps.misses_fd, [this](std::span<const std::byte> record) { on_record(record); });
  if (!ring) return tl::unexpected(ring.error());
  ring_ = std::move(*ring);
  kernel_ = std::make_unique<KernelTables>(maps);
  store_ = std::make_unique<unwind::TableStore>(*kernel_, limit_bytes_);
  for (const std::uint32_t tgid : tgids) {
    for (const Job& job : jobs_of(tgid))
      file_table(job.key, job.file);
  }
  kernel_->unmap();
  auto worker = start_thread([this] { work(); });
  if (!worker) return tl::unexpected(worker.error());
  worker_ = std::move(*worker);
  return {};
}

std::vector<Unwinder::Job> Unwinder::jobs_of(std::uint32_t tgid) {
  std::vector<Job> jobs;
  const std::string maps = process::read_text(fmt::format("/proc/{}/maps", tgid), kLongestMapsText);
  for (const process::MapsEntry& entry : process::parse_maps(maps)) {
    const auto kind = process::classify_mapping(entry.path, entry.file);
    if (kind == process::Mapping::Kind::vdso) {
      jobs.emplace_back();
    } else if (kind == process::Mapping::Kind::file) {
      const process::MappedAt at{static_cast<std::int32_t>(tgid), entry.start, entry.end};
      jobs.push_back({to_key(entry.file), mapped_files_.get(entry.file, entry.path, at), {}});
    }
  }
  return jobs;
}

void Unwinder::expect(std::shared_ptr<const process::MappedFile> file) {
  const unwind_file_key key = to_key(file->id);
  add_job({key, std::move(file), {}});
}

void Unwinder::expect_processes(std::span<const std::uint32_t> tgids) {
  for (const std::uint32_t tgid : tgids) {
    for (Job& job : jobs_of(tgid))
      add_job(std::move(job));
    settle();
  }
}

void Unwinder::maintain() noexcept {
  *maps_.epoch = *maps_.epoch + 1;
}

void Unwinder::close() noexcept {
  if (!worker_.joinable()) return;
  {
    const std::lock_guard guard(lock_);
    closing_ = true;
  }
  wake_.notify_one();
  worker_.join();
}

Result<void> Unwinder::drain() noexcept {
  auto drained = ring_->drain();
  if (auto followed = processes_->follow_changes(); !followed) fail_with(followed.error());
  std::vector<Bytes> unwound;
  {
    const std::lock_guard guard(lock_);
    unwound.swap(unwound_);
  }
  for (const Bytes& record : unwound)
    on_stack_(record);
  return drained;
}

void Unwinder::settle() {
  std::vector<Bytes> unwound;
  {
    std::unique_lock guard(lock_);
    idle_.wait(guard, [this] { return queue_.empty() && !working_; });
    unwound.swap(unwound_);
  }
  for (const Bytes& record : unwound)
    on_stack_(record);
}

void Unwinder::on_record(std::span<const std::byte> record) noexcept {
  sonde_record_header header{};
  if (record.size() < sizeof(header)) return;
  std::memcpy(&header, record.data(), sizeof(header));
  if (header.kind == SONDE_RECORD_UNWIND_MISS && record.size() == sizeof(sonde_unwind_miss)) {
    sonde_unwind_miss miss{};
    std::memcpy(&miss, record.data(), sizeof(miss));
    on_miss(miss);
  } else if (header.kind == SONDE_RECORD_UNWIND_MAPS &&
             record.size() == sizeof(sonde_unwind_process_miss)) {
    sonde_unwind_process_miss miss{};
    std::memcpy(&miss, record.data(), sizeof(miss));
    if (auto published = processes_->on_miss(miss); !published) fail_with(published.error());
  } else if (header.kind == SONDE_RECORD_STACK_DUMP && record.size() >= sizeof(sonde_stack_dump)) {
    sonde_stack_record stack{};
    std::memcpy(&stack, record.data(), sizeof(stack));
    // Now, while the process lives.
    spaces_.observe(static_cast<std::int32_t>(stack.tgid), header.time_ns);
    add_job({{}, {}, {record.begin(), record.end()}});
  }
}

void Unwinder::on_miss(const sonde_unwind_miss& miss) {
  if (miss.file.inode == 0) return add_job({});
  const process::FileId id{to_user_device(miss.file.device), miss.file.inode};
  const process::MappedAt at{static_cast<std::int32_t>(miss.tgid), miss.start, miss.end};
  add_job({miss.file, mapped_files_.get(id, mapped_path(miss), at), {}});
}

void Unwinder::add_job(Job job) {
  {
    const std::lock_guard guard(lock_);
    if (job.dump.empty() && queue_.size() >= kMostWaiting) return;
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Unwinder::work() noexcept {
  std::unique_lock guard(lock_);
  for (;;) {
    const auto is_wanted = [this] { return closing_ || !queue_.empty(); };
    // Files are met in bursts.
    if (!wake_.wait_for(guard, std::chrono::seconds(1), is_wanted)) {
      kernel_->unmap();
      wake_.wait(guard, is_wanted);
    }
    if (closing_) return;
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    working_ = true;
    guard.unlock();
    Bytes unwound;
    if (job.dump.empty()) {
      file_table(job.key, job.file);
    } else {
      unwound = unwind_dump(job.dump);
      *maps_.dumps_done = *maps_.dumps_done + 1;
    }
    const core::ThreadTime used = core::thread_time();
    guard.lock();
    if (!unwound.empty()) unwound_.push_back(std::move(unwound));
    worker_time_ = used;
    if (queue_.empty()) kernel_->keep_lately_used();
    working_ = false;
    if (queue_.empty()) idle_.notify_all();
  }
}

// Null if there can be none.
const Unwinder::FileTable* Unwinder::file_table(
    const unwind_file_key& key, const std::shared_ptr<const process::MappedFile>& file) {
  if (const auto known = published_.find(key); known != published_.end()) return &known->second;
  const bool unreadable = key.inode != 0 && (file == nullptr || !file->fd);
  // It may be gone with its process, and another one may map it again. Not for ever: until a table
  // is there, every sample is copied with its stack.
  if (unreadable && ++failures_[key] < kMostFailures) return nullptr;
  auto number = numbers_.find(key);
  if (number == numbers_.end()) {
    const auto added = files_.add(file);
    if (!added) return nullptr;
    number = numbers_.emplace(key, *added).first;
  }
  Result<TableRef> table =
      unreadable ? Result<TableRef>(std::make_shared<Table>()) : table_of(file.get());
  if (!table) {
    fail_with(std::move(table.error()));
    return nullptr;
  }
  if (unreadable) {
    const std::lock_guard guard(lock_);
    ++statistics_.unopened;
  }
  const FileTable made{number->second, *table};
  if (auto published = publish(key, made); !published) {
    fail_with(std::move(published.error()));
    return nullptr;
  }
  return &published_.find(key)->second;
}

// A file without usable tables gets an empty one, so that the kernel does not ask again.
Result<Unwinder::TableRef> Unwinder::table_of(const process::MappedFile* file) {
  auto made = std::make_shared<Table>();
  const auto image = file == nullptr ? elf::open_vdso() : [&]() -> std::optional<elf::Image> {
    auto opened = elf::Image::open(ByteSource(file->fd.get()));
    return opened ? std::optional(std::move(*opened)) : std::nullopt;
  }();
  if (!image) return made;
  made->build_id = image->build_id();
  if (!made->build_id.empty()) {
    for (const auto& [key, known] : published_) {
      if (known.table->build_id == made->build_id) return known.table;
    }
  }
  const auto built = unwind::build_unwind_table(*image, dictionary_);
  if (!built) return made;
  for (const unwind::Segment& segment : built->segments)
    made->segments.push_back(
        {segment.file_offset, segment.file_size, segment.address - segment.file_offset});
  const auto entries = dictionary_.entries();
  if (auto written = kernel_->write_dictionary(entries, dictionary_written_); !written)
    return tl::unexpected(written.error());
  dictionary_written_ = entries.size();
  auto stored = store(*built);
  if (!stored) return tl::unexpected(stored.error());
  if (*stored) made->stored = std::move(**stored);
  const std::lock_guard guard(lock_);
  ++(*stored ? statistics_.tables : statistics_.too_large);
  statistics_.bytes = store_->used_bytes();
  chunk_bytes_ = kernel_->chunk_bytes();
  return made;
}

Result<std::optional<unwind::StoredTable>> Unwinder::store(const unwind::UnwindTable& table) {
  if (!store_->can_hold(table)) return std::nullopt;
  for (;;) {
    auto stored = store_->insert(table);
    if (!stored || *stored) return stored;
    const auto evicted = evict_one();
    if (!evicted) return tl::unexpected(evicted.error());
    if (!*evicted) return std::nullopt;
  }
}

Result<bool> Unwinder::evict_one() {
  TableRef oldest;
  std::uint32_t oldest_use = UINT32_MAX;
  for (const auto& [key, known] : published_) {
    const TableRef& table = known.table;
    if (table->stored.extents.empty()) continue;
    std::uint32_t used = 0;
    for (const unwind_file_key& user : table->users)
      used = std::max(used, kernel_->last_used(user));
    if (oldest == nullptr || used < oldest_use) {
      oldest = table;
      oldest_use = used;
    }
  }
  if (oldest == nullptr) return false;
  if (auto retracted = kernel_->retract(oldest->users); !retracted)
    return tl::unexpected(retracted.error());
  for (const unwind_file_key& key : oldest->users)
    published_.erase(key);
  store_->erase(oldest->stored);
  const std::lock_guard guard(lock_);
  ++statistics_.evicted;
  return true;
}

Result<void> Unwinder::publish(const unwind_file_key& key, const FileTable& file) {
  const Table& table = *file.table;
  unwind_file entry{};
  entry.number = file.number;
  entry.index = table.stored.index;
  entry.first_page = table.stored.first_page;
  entry.pages = table.stored.pages;
  entry.used = *maps_.epoch;
  std::copy_n(table.segments.begin(), std::min(table.segments.size(), std::size_t{UNWIND_SEGMENTS}),
              entry.segments);
  if (auto published = kernel_->publish(key, entry); !published) return published;
  file.table->users.push_back(key);
  published_.emplace(key, file);
  return {};
}

unwind::CodeRule Unwinder::rule_of(const sonde_stack_record& stack, std::uint64_t address) {
  using process::Mapping;
  using Kind = unwind::CodeRule::Kind;
  const auto mapping =
      spaces_.find(static_cast<std::int32_t>(stack.tgid), stack.header.time_ns, address);
  if (!mapping || mapping->kind == Mapping::Kind::other) return {};
  if (mapping->kind == Mapping::Kind::anonymous) return {Kind::anonymous, 0, 0};
  const bool vdso = mapping->kind == Mapping::Kind::vdso;
  const FileTable* const file =
      file_table(vdso ? unwind_file_key{} : to_key(mapping->file->id), mapping->file);
  if (file == nullptr) return {Kind::no_table, 0, 0};
  const std::uint64_t offset = vdso ? 0 : mapping->file_offset;
  const std::uint64_t length = mapping->end - mapping->start;
  const auto& segments = file->table->segments;
  const auto segment = std::find_if(segments.rbegin(), segments.rend(), [&](const auto& s) {
    return offset < s.file_offset + s.size && offset + length > s.file_offset;
  });
  if (segment == segments.rend()) return {Kind::anonymous, 0, 0};
  const std::uint64_t to_offset = offset - mapping->start;
  const auto rule = store_->rule_at(file->table->stored, address + to_offset + segment->delta);
  if (!rule) {
    fail_with(rule.error());
    return {Kind::no_table, 0, 0};
  }
  return {
      Kind::rule, *rule,
      (SONDE_FRAME_IN_FILE | std::uint64_t{file->number} << SONDE_FRAME_FILE_SHIFT) + to_offset};
}

// Empty if the record is malformed.
Unwinder::Bytes Unwinder::unwind_dump(std::span<const std::byte> record) {
  sonde_stack_dump dump{};
  std::memcpy(&dump, record.data(), sizeof(dump));
  const auto rest = record.subspan(sizeof(dump));
  const std::size_t kernel_bytes = dump.stack.kernel_frames * sizeof(std::uint64_t);
  if (kernel_bytes > rest.size() || dump.stack_bytes > rest.size() - kernel_bytes) return {};
  unwind::Registers registers{};
  std::copy(std::begin(dump.registers), std::end(dump.registers), registers.begin());
  const unwind::UnwoundStack unwound =
      unwind::FrameUnwinder(registers, rest.subspan(kernel_bytes, dump.stack_bytes),
                            dictionary_.entries(),
                            [&](std::uint64_t address) { return rule_of(dump.stack, address); })
          .unwind();
  sonde_stack_record& stack = dump.stack;
  const std::size_t user_bytes = unwound.frames.size() * sizeof(std::uint64_t);
  stack.header.kind = SONDE_RECORD_STACK;
  stack.header.length = static_cast<std::uint32_t>(sizeof(stack) + kernel_bytes + user_bytes);
  stack.user_frames = static_cast<std::uint16_t>(unwound.frames.size());
  stack.flags |= unwound.stop;
  Bytes out(stack.header.length);
  std::memcpy(out.data(), &stack, sizeof(stack));
  std::memcpy(out.data() + sizeof(stack), rest.data(), kernel_bytes);
  std::memcpy(out.data() + sizeof(stack) + kernel_bytes, unwound.frames.data(), user_bytes);
  return out;
}

void Unwinder::fail_with(Error error) {
  const std::lock_guard guard(lock_);
  if (!error_) error_ = std::move(error);
}

core::ThreadTime Unwinder::worker_time() const {
  const std::lock_guard guard(lock_);
  return worker_time_;
}

Unwinder::Statistics Unwinder::statistics() const {
  const std::lock_guard guard(lock_);
  return statistics_;
}

std::uint64_t Unwinder::chunk_bytes() const {
  const std::lock_guard guard(lock_);
  return chunk_bytes_;
}

std::vector<std::string> Unwinder::notices() const {
  const std::lock_guard guard(lock_);
  std::vector<std::string> notices;
  if (error_) notices.push_back("some stacks are incomplete: " + error_->message());
  if (statistics_.too_large != 0) {
    notices.push_back(fmt::format(
        "{} files have unwind tables larger than the limit of {} MiB: their stacks follow frame "
        "pointers",
        statistics_.too_large, limit_bytes_ >> 20));
  }
  if (statistics_.unopened != 0) {
    notices.push_back(
        fmt::format("{} files could not be opened: stacks in them follow frame pointers (needs "
                    "CAP_CHECKPOINT_RESTORE and CAP_SYS_PTRACE for other users' processes)",
                    statistics_.unopened));
  }
  if (statistics_.evicted != 0) {
    notices.push_back(fmt::format(
        "{} unwind tables were dropped to stay below {} MiB, and made again when needed",
        statistics_.evicted, limit_bytes_ >> 20));
  }
  if (*maps_.misses_lost != 0) {
    notices.push_back(fmt::format("{} notices of new files were lost: some stacks are incomplete",
                                  *maps_.misses_lost));
  }
  return notices;
}

}  // namespace sonde::tracers
