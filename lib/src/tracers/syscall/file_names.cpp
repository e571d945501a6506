#include "tracers/syscall/file_names.hpp"

#include <cstring>
#include <utility>

#include "shared/file_event.h"
#include "syscalls/file_text.hpp"

namespace sonde::tracers {

bool FileNames::add(std::span<const std::byte> bytes) {
  auto text = syscalls::file_text(bytes);
  if (!text) return false;
  sonde_file_record record{};
  std::memcpy(&record, bytes.data(), sizeof(record));
  if (const auto found = by_id_.find(record.id); found != by_id_.end()) {
    bytes_ -= found->second->text.size();
    entries_.erase(found->second);
    by_id_.erase(found);
  }
  bytes_ += text->size();
  entries_.push_front({record.id, std::move(*text)});
  by_id_.emplace(record.id, entries_.begin());
  while (entries_.size() > most_files_ || bytes_ > most_bytes_) {
    bytes_ -= entries_.back().text.size();
    by_id_.erase(entries_.back().id);
    entries_.pop_back();
  }
  return true;
}

const std::string* FileNames::find(std::uint64_t id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) {
    ++unknown_;
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->text;
}

}  // namespace sonde::tracers
