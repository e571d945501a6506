// What DNS has told the processes so far: the names of addresses, and what each could not find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "dns/lookups.hpp"

namespace sonde::tracers {

class NameHistory {
 public:
  /// Addresses, and processes, at most; of more the names are not told.
  static constexpr std::size_t kMost = 10'000;
  /// A failed lookup may be why a process connects elsewhere for so long.
  static constexpr std::uint64_t kRecentNs = 10'000'000'000;

  struct Failure {
    std::uint64_t time_ns = 0;
    /// A sentence.
    std::string why;
  };

  /// One that is over.
  void add(const dns::Lookup& lookup);
  /// The name that an address was given for last; empty if there is none.
  std::string name_of(const std::string& address) const;
  /// The last one of a process, if it failed within kRecentNs before a time; else null.
  const Failure* failure_before(std::uint32_t pid, std::uint64_t time_ns) const;

 private:
  std::unordered_map<std::string, std::string> names_;
  std::unordered_map<std::uint32_t, Failure> failures_;
};

}  // namespace sonde::tracers
