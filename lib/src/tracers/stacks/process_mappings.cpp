#include "tracers/stacks/process_mappings.hpp"

#include <bpf/bpf.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <vector>

#include "util/fail.hpp"

namespace sonde::tracers {
namespace {

// Of the kernel's dev_t (include/linux/kdev_t.h).
constexpr unsigned kMinorBits = 20;

using process::Mapping;

unwind_mapping to_kernel(const Mapping& mapping) {
  unwind_mapping to{};
  to.start = mapping.start;
  to.end = mapping.end;
  if (mapping.kind == Mapping::Kind::file) {
    to.file_offset = mapping.file_offset;
    to.file = to_key(mapping.file->id);
  } else if (mapping.kind != Mapping::Kind::vdso) {
    to.file.pad = UNWIND_NO_FILE;
  }
  return to;
}

// The kernel compares addresses as signed numbers; [vsyscall] is the one mapping above.
bool is_user_memory(const Mapping& mapping) {
  return mapping.kind != Mapping::Kind::other && mapping.end <= INT64_MAX;
}

}  // namespace

std::uint64_t to_user_device(std::uint32_t device) {
  return makedev(device >> kMinorBits, device & ((1u << kMinorBits) - 1));
}

unwind_file_key to_key(const process::FileId& id) {
  return {id.inode, static_cast<std::uint32_t>(major(id.device) << kMinorBits | minor(id.device)),
          0};
}

Result<void> ProcessMappings::on_miss(const sonde_unwind_process_miss& miss) {
  spaces_.observe(static_cast<std::int32_t>(miss.tgid), miss.header.time_ns);
  return publish(miss.tgid, miss.exec_id);
}

Result<void> ProcessMappings::follow_changes() {
  for (const process::AddressSpaces::Change& change : spaces_.take_changed()) {
    const auto tgid = static_cast<std::uint32_t>(change.pid);
    const auto known = published_.find(tgid);
    if (known == published_.end()) continue;
    if (change.is_over) {
      retract(tgid);
    } else if (auto published = publish(tgid, known->second); !published) {
      return published;
    }
  }
  return {};
}

Result<void> ProcessMappings::publish(std::uint32_t tgid, std::uint32_t exec_id) {
  std::vector<Mapping> mappings = spaces_.mappings(static_cast<std::int32_t>(tgid));
  std::erase_if(mappings, [](const Mapping& mapping) { return !is_user_memory(mapping); });
  if (mappings.empty()) return {};  // gone
  unwind_process& process = value_.front();
  process.exec_id = exec_id;
  process.version = ++version_;
  process.count =
      static_cast<std::uint32_t>(std::min<std::size_t>(mappings.size(), UNWIND_PROCESS_MAPPINGS));
  // Reads of the kernel stay within `count`.
  std::transform(mappings.begin(), mappings.begin() + process.count, process.mappings, to_kernel);
  while (::bpf_map_update_elem(map_fd_, &tgid, &process, BPF_ANY) != 0) {
    if (errno != E2BIG || by_age_.empty())
      return fail_errno(ErrorCode::MapOperationFailed, "publish the mappings of a process");
    retract(by_age_.front());
  }
  if (published_.insert_or_assign(tgid, exec_id).second) by_age_.push_back(tgid);
  spaces_.watch(static_cast<std::int32_t>(tgid));
  return {};
}

void ProcessMappings::retract(std::uint32_t tgid) noexcept {
  ::bpf_map_delete_elem(map_fd_, &tgid);
  published_.erase(tgid);
  std::erase(by_age_, tgid);
}

}  // namespace sonde::tracers
