#include "process_addresses.hpp"

#include <fmt/format.h>

#include "process/regular_file.hpp"
#include "unwind_event.h"

namespace sonde::oracle {

ProcessAddresses::ProcessAddresses(pid_t pid)
    : maps_(process::parse_maps(process::read_text(fmt::format("/proc/{}/maps", pid), 1 << 24))) {
}

std::optional<std::uint64_t> ProcessAddresses::address_of(std::uint64_t frame,
                                                          const process::FrameFiles& files) const {
  if ((frame & SONDE_FRAME_IN_FILE) == 0) return frame;
  const auto place = files.find(frame);
  if (!place) return std::nullopt;
  for (const process::MapsEntry& entry : maps_) {
    const bool is_vdso = place->file == nullptr && entry.path == "[vdso]";
    const bool is_file = place->file != nullptr && entry.file == place->file->id;
    if (!is_vdso && !is_file) continue;
    const std::uint64_t offset = is_vdso ? 0 : entry.file_offset;
    // A call may be the last instruction of a mapping: what it returns to is then at its end.
    if (place->offset >= offset && place->offset - offset <= entry.end - entry.start)
      return entry.start + place->offset - offset;
  }
  return std::nullopt;
}

std::uint64_t ProcessAddresses::first_of(std::uint64_t address) const {
  for (const process::MapsEntry& entry : maps_) {
    if (address < entry.start || address >= entry.end || entry.file.inode == 0) continue;
    const std::uint64_t offset = address - entry.start + entry.file_offset;
    for (const process::MapsEntry& first : maps_) {
      if (first.file == entry.file && offset >= first.file_offset &&
          offset - first.file_offset < first.end - first.start)
        return first.start + offset - first.file_offset;
    }
  }
  return address;
}

}  // namespace sonde::oracle
