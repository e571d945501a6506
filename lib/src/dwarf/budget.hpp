#pragma once

#include <cstdint>

namespace sonde::dwarf {

/// How much may still be read for one file. Sound debug information stays far below; that of a
/// hostile file, where many entries lead to the same long lists, ends here and not in hours.
class Budget {
 public:
  explicit Budget(std::uint64_t steps) : left_(steps) {}

  bool spend(std::uint64_t steps = 1) noexcept {
    if (steps > left_) {
      left_ = 0;
      exhausted_ = true;
      return false;
    }
    left_ -= steps;
    return true;
  }
  bool exhausted() const noexcept { return exhausted_; }

 private:
  std::uint64_t left_;
  bool exhausted_ = false;
};

}  // namespace sonde::dwarf
