// Stacks of a profile as lines of JSON. Written by hand, as rows are: a busy machine has thousands
// of stacks that share their frames.
#pragma once

#include <string>
#include <vector>

#include <sonde/report.hpp>

namespace sonde::render {

class JsonStacks {
 public:
  /// `profile` outlives it.
  explicit JsonStacks(const StackProfile& profile);

  /// Appends {"type":…} with the stack's values and frames, and a line break.
  void append(std::string& out, const Stack& stack);

 private:
  const std::string& frame(std::uint32_t index);

  const StackProfile& profile_;
  std::string type_;
  std::string tracer_;
  /// Each as it stands before its value: `,"count":`.
  std::vector<std::string> value_keys_;
  std::vector<std::string> detail_keys_;
  std::vector<std::string> frames_;  // empty until one is asked for
};

}  // namespace sonde::render
