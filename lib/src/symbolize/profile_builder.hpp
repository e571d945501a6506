// Builds a StackProfile in which every frame and module appears once and equal stacks are one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <sonde/report.hpp>

namespace sonde::symbolize {

class ProfileBuilder {
 public:
  ProfileBuilder();
  ProfileBuilder(const ProfileBuilder&) = delete;
  ProfileBuilder& operator=(const ProfileBuilder&) = delete;

  std::uint32_t module(const std::string& path, const std::string& build_id);
  /// Index of a source file.
  std::uint32_t file(const std::string& path);
  std::uint32_t frame(Frame frame);
  /// Values of equal stacks (same pid, tid, comm, frames and details) are summed.
  void add(Stack stack);
  /// Sorted by values[0], largest first, then by comm, pid, tid and frames, so that equal input
  /// gives equal output. The builder is used up.
  StackProfile finish();

 private:
  // Hash and compare what the indexes stand for, so that nothing is stored twice.
  struct FrameHash {
    const StackProfile* profile;
    std::size_t operator()(std::uint32_t index) const;
  };
  struct SameFrame {
    const StackProfile* profile;
    bool operator()(std::uint32_t a, std::uint32_t b) const;
  };
  struct StackHash {
    const StackProfile* profile;
    std::size_t operator()(std::uint32_t index) const;
  };
  struct SameStack {
    const StackProfile* profile;
    bool operator()(std::uint32_t a, std::uint32_t b) const;
  };
  bool sorts_before(const Stack& a, const Stack& b) const;

  StackProfile profile_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> modules_;
  std::unordered_map<std::string, std::uint32_t> files_;
  std::unordered_set<std::uint32_t, FrameHash, SameFrame> frames_;
  std::unordered_set<std::uint32_t, StackHash, SameStack> stacks_;
};

}  // namespace sonde::symbolize
