#include "tracers/stacks/kernel_tables.hpp"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{UNWIND_CHUNK_WORDS} * sizeof(std::uint32_t);

}  // namespace

KernelTables::~KernelTables() {
  unmap();
}

void KernelTables::keep_mapped(std::uint64_t most) noexcept {
  std::vector<Chunk*> mapped;
  for (Chunk& chunk : chunks_) {
    if (chunk.words != nullptr) mapped.push_back(&chunk);
  }
  if (mapped.size() <= most) return;
  std::sort(mapped.begin(), mapped.end(),
            [](const Chunk* a, const Chunk* b) { return a->last_use > b->last_use; });
  for (Chunk* const chunk : std::span(mapped).subspan(most))
    ::munmap(std::exchange(chunk->words, nullptr), kChunkBytes);
}

Result<void> KernelTables::add_chunk() {
  constexpr const char* kWhat = "make room for unwind tables";
  bpf_map_create_opts options{};
  options.sz = sizeof(options);
  options.map_flags = BPF_F_MMAPABLE;
  UniqueFd fd(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_chunk", sizeof(std::uint32_t),
                               kChunkBytes, 1, &options));
  if (!fd) return fail_errno(ErrorCode::MapOperationFailed, kWhat);
  const auto slot = static_cast<std::uint32_t>(chunks_.size());
  const int map = fd.get();
  if (::bpf_map_update_elem(maps_.chunks_fd, &slot, &map, BPF_ANY) != 0)
    return fail_errno(ErrorCode::MapOperationFailed, kWhat);
  chunks_.push_back({std::move(fd), nullptr});
  return {};
}

Result<std::span<std::uint32_t>> KernelTables::chunk(std::uint32_t index) {
  while (chunks_.size() <= index) {
    if (auto added = add_chunk(); !added) return tl::unexpected(added.error());
  }
  Chunk& chunk = chunks_[index];
  if (chunk.words == nullptr) {
    void* const words =
        ::mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE, MAP_SHARED, chunk.fd.get(), 0);
    if (words == MAP_FAILED)
      return fail_errno(ErrorCode::MapOperationFailed, "map memory of unwind tables");
    chunk.words = static_cast<std::uint32_t*>(words);
  }
  chunk.last_use = ++uses_;
  return std::span(chunk.words, UNWIND_CHUNK_WORDS);
}

Result<void> KernelTables::write_dictionary(std::span<const unwind_dictionary_entry> entries,
                                            std::size_t first) {
  for (std::size_t i = first; i < entries.size(); ++i) {
    const auto index = static_cast<std::uint32_t>(i);
    if (::bpf_map_update_elem(maps_.dictionary_fd, &index, &entries[i], BPF_ANY) != 0)
      return fail_errno(ErrorCode::MapOperationFailed, "write the dictionary of unwind rules");
  }
  return {};
}

Result<void> KernelTables::publish(const unwind_file_key& key, const unwind_file& file) {
  if (::bpf_map_update_elem(maps_.files_fd, &key, &file, BPF_ANY) != 0)
    return fail_errno(ErrorCode::MapOperationFailed, "publish an unwind table");
  return {};
}

Result<void> KernelTables::retract(std::span<const unwind_file_key> keys) {
  for (const unwind_file_key& key : keys)
    ::bpf_map_delete_elem(maps_.files_fd, &key);
  // Programs that begin from now on find neither the files nor rules cached before.
  *maps_.generation = *maps_.generation + 1;
  if (chunks_.empty()) return {};
  // An update of a map of maps returns after an RCU grace period (maybe_wait_bpf_programs() in
  // kernel/bpf/syscall.c), and by then the programs that began before have ended.
  const std::uint32_t slot = 0;
  const int map = chunks_.front().fd.get();
  if (::bpf_map_update_elem(maps_.chunks_fd, &slot, &map, BPF_ANY) != 0)
    return fail_errno(ErrorCode::MapOperationFailed, "wait for the users of unwind tables");
  return {};
}

std::uint32_t KernelTables::last_used(const unwind_file_key& key) const noexcept {
  unwind_file file{};
  return ::bpf_map_lookup_elem(maps_.files_fd, &key, &file) == 0 ? file.used : 0;
}

std::uint64_t KernelTables::chunk_bytes() const noexcept {
  return chunks_.size() * kChunkBytes;
}

}  // namespace sonde::tracers
