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
  /// Nothing if no mapping shows that place.
  std::optional<std::uint64_t> address_of(std::uint64_t frame,
                                          const process::FrameFiles& files) const;

 private:
  std::vector<process::MapsEntry> maps_;
};

}  // namespace sonde::oracle
