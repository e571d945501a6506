// Names found before, so that the next snapshot does not read the same files again.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace sonde::symbolize {

class SymbolCache {
 public:
  using Names = std::unordered_map<std::uint64_t, std::string>;

  /// The names of one file by address; an empty name says that there is none. Valid until trim().
  Names& names_of(const std::string& file) { return files_[file]; }
  /// To be told of each name put in, so that memory stays bounded.
  void count(const std::string& name) { bytes_ += name.size() + kEntryOverhead; }
  /// Empties the cache if it grew above its bound. Most profiles never get there, so there is no
  /// order of eviction.
  void trim() {
    if (bytes_ <= kMostBytes) return;
    files_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{12} << 20;
  static constexpr std::size_t kEntryOverhead = 64;

  std::unordered_map<std::string, Names> files_;
  std::size_t bytes_ = 0;
};

}  // namespace sonde::symbolize
