// What descriptors stand for, by the ids that the kernel gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <unordered_map>

namespace sonde::tracers {

/// The kernel does not say a name again that it has said, so this holds more of them than the
/// kernel's table: what was used last stays.
class FileNames {
 public:
  static constexpr std::size_t kMostFiles = 65536;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;

  explicit FileNames(std::size_t most_files = kMostFiles, std::size_t most_bytes = kMostBytes)
      : most_files_(most_files), most_bytes_(most_bytes) {}

  /// A SONDE_RECORD_FILE; false if it is malformed.
  bool add(std::span<const std::byte> record);
  /// Valid until the next add(); nullptr, and counted, if it is not known.
  const std::string* find(std::uint64_t id);

  std::uint64_t unknown() const noexcept { return unknown_; }
  std::size_t size() const noexcept { return by_id_.size(); }

 private:
  struct Entry {
    std::uint64_t id = 0;
    std::string text;
  };

  /// Most recently used first.
  std::list<Entry> entries_;
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_id_;
  std::size_t most_files_;
  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::uint64_t unknown_ = 0;
};

}  // namespace sonde::tracers
