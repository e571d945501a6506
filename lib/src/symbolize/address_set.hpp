#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sonde::symbolize {

/// Collects addresses that repeat often, and sorts them once.
class AddressSet {
 public:
  void add(std::uint64_t address) {
    addresses_.push_back(address);
    if (addresses_.size() >= compact_at_) {
      compact();
      compact_at_ = std::max(kSmallest, 2 * addresses_.size());
    }
  }

  /// Sorted and unique; valid until the next add().
  const std::vector<std::uint64_t>& sorted() {
    compact();
    return addresses_;
  }

 private:
  static constexpr std::size_t kSmallest = 1024;

  void compact() {
    std::sort(addresses_.begin(), addresses_.end());
    addresses_.erase(std::unique(addresses_.begin(), addresses_.end()), addresses_.end());
  }

  std::vector<std::uint64_t> addresses_;
  std::size_t compact_at_ = kSmallest;
};

}  // namespace sonde::symbolize
