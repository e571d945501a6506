// User space's half of the unwinder: makes the tables of files that samples meet.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <sonde/error.hpp>
#include "core/event_source.hpp"
#include "core/thread_time.hpp"
#include "ingest/ring_source.hpp"
#include "process/address_spaces.hpp"
#include "process/frame_files.hpp"
#include "process/mapped_files.hpp"
#include "tracers/stacks/kernel_tables.hpp"
#include "tracers/stacks/process_mappings.hpp"
#include "unwind/frame_unwinder.hpp"

namespace sonde::tracers {

/// Tables are made on a thread of its own, when the kernel first meets a file; the least recently
/// used ones make room when the limit is reached.
class Unwinder final : public core::EventSource {
 public:
  struct Statistics {
    std::uint64_t tables = 0;  // made, those of evicted files included
    std::uint64_t evicted = 0;
    std::uint64_t bytes = 0;  // of the tables that are kept
    std::uint64_t too_large = 0;
    std::uint64_t unopened = 0;  // files
  };

  /// `spaces` outlives it. `on_stack` gets the stacks that user space unwound, as records of kind
  /// SONDE_RECORD_STACK, from drain() and settle().
  Unwinder(std::uint64_t limit_bytes, process::AddressSpaces& spaces,
           ingest::RecordHandler on_stack);
  ~Unwinder() override;
  Unwinder(const Unwinder&) = delete;
  Unwinder& operator=(const Unwinder&) = delete;

  /// Then makes the tables of what `tgids` map, before the first sample.
  /// `by_process`: also where the kernel has a maple tree, tell it what each process maps.
  Result<void> open(const UnwindMaps& maps, std::span<const std::uint32_t> tgids, bool by_process);
  /// Makes the table of a file that is about to be mapped. settle() waits for it.
  void expect(std::shared_ptr<const process::MappedFile> file);
  /// Those of what processes map now; they are there when this returns. Before the first drain().
  void expect_processes(std::span<const std::uint32_t> tgids);
  int poll_fd() const noexcept override { return ring_->poll_fd(); }
  Result<void> drain() noexcept override;
  /// Returns when everything that was drained has been dealt with.
  void settle();
  /// About once a second.
  void maintain() noexcept;

  const process::FrameFiles& files() const noexcept { return files_; }
  core::ThreadTime worker_time() const;
  Statistics statistics() const;
  std::uint64_t chunk_bytes() const;
  std::vector<std::string> notices() const;

 private:
  struct KeyOrder {
    bool operator()(const unwind_file_key& a, const unwind_file_key& b) const noexcept {
      return a.inode != b.inode ? a.inode < b.inode : a.device < b.device;
    }
  };
  /// A table and the files that share it: copies with one build-id.
  struct Table {
    unwind::StoredTable stored;
    std::vector<unwind_segment> segments;
    std::string build_id;
    std::vector<unwind_file_key> users;
  };
  using TableRef = std::shared_ptr<Table>;

  using Bytes = std::vector<std::byte>;
  /// What waits for the worker: a file to make a table of, or a stack to unwind.
  struct Job {
    unwind_file_key key{};
    std::shared_ptr<const process::MappedFile> file;  // null for the vDSO
    Bytes dump;
  };
  struct FileTable {
    std::uint32_t number = 0;
    TableRef table;
  };

  void on_record(std::span<const std::byte> record) noexcept;
  void on_miss(const sonde_unwind_miss& miss);
  void add_job(Job job);
  void work() noexcept;
  void close() noexcept;
  std::vector<Job> jobs_of(std::uint32_t tgid);
  const FileTable* file_table(const unwind_file_key& key,
                              const std::shared_ptr<const process::MappedFile>& file);
  Result<TableRef> table_of(const process::MappedFile* file);
  Result<std::optional<unwind::StoredTable>> store(const unwind::UnwindTable& table);
  Result<bool> evict_one();
  Result<void> publish(const unwind_file_key& key, const FileTable& file);
  Bytes unwind_dump(std::span<const std::byte> dump);
  unwind::CodeRule rule_of(const sonde_stack_record& stack, std::uint64_t address);
  void fail_with(Error error);

  const std::uint64_t limit_bytes_;
  process::AddressSpaces& spaces_;
  const ingest::RecordHandler on_stack_;
  UnwindMaps maps_;
  std::unique_ptr<ingest::RingSource> ring_;
  process::FrameFiles files_;
  // The draining thread's own.
  process::MappedFiles mapped_files_{std::string()};
  std::unique_ptr<ProcessMappings> processes_;

  // The worker's own; prepare() works before the thread begins.
  std::unique_ptr<KernelTables> kernel_;
  std::unique_ptr<unwind::TableStore> store_;
  unwind::UnwindDictionary dictionary_;
  std::size_t dictionary_written_ = 0;
  std::map<unwind_file_key, std::uint32_t, KeyOrder> numbers_;
  std::map<unwind_file_key, FileTable, KeyOrder> published_;
  std::map<unwind_file_key, int, KeyOrder> failures_;

  mutable std::mutex lock_;  // of what follows
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::deque<Job> queue_;
  std::vector<Bytes> unwound_;
  bool working_ = false;
  bool closing_ = false;
  Statistics statistics_;
  core::ThreadTime worker_time_;
  std::uint64_t chunk_bytes_ = 0;
  std::optional<Error> error_;

  std::thread worker_;
};

}  // namespace sonde::tracers
