// The frames of the kernel's unwinder as addresses of the process again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "process/frame_files.hpp"
#include "process/proc_maps.hpp"

namespace sonde::oracle {

class ProcessAddresses {
 public:
  explicit ProcessAddresses(pid_t pid);
  /// In the first mapping of the file that shows that place; nothing if none does.
  std::optional<std::uint64_t> address_of(std::uint64_t frame,
                                          const process::FrameFiles& files) const;

  /// A file may be mapped more than once: node maps its built-in functions again, near to its JIT
  /// code. The address of the same byte in the first mapping; `address` itself if it is in no file.
  std::uint64_t first_of(std::uint64_t address) const;

 private:
  std::vector<process::MapsEntry> maps_;
};

}  // namespace sonde::oracle
