// Names for the parts of stacks that lie in memory without a file: first every address is wanted,
// then each perf map is read once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "symbolize/address_set.hpp"
#include "symbolize/notices.hpp"

namespace sonde::symbolize {

class JitCode {
 public:
  /// `perf_map` is a descriptor that stays open while this lives; nothing happens if it is -1.
  void want(int perf_map, std::int32_t pid, std::uint64_t address);
  void resolve(Notices& notices);

  /// Empty if the address has no name.
  std::string find(int perf_map, std::uint64_t address) const;

 private:
  struct Job {
    std::int32_t pid = 0;
    AddressSet wanted;
    std::unordered_map<std::uint64_t, std::string> found;
  };
  std::map<int, Job> jobs_;
};

}  // namespace sonde::symbolize
