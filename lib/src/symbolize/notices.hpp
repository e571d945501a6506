#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sonde::symbolize {

/// Sentences for the user, each once; a bounded number of them.
class Notices {
 public:
  void add(std::string sentence) {
    const bool known =
        std::find(sentences_.begin(), sentences_.end(), sentence) != sentences_.end();
    if (!known && sentences_.size() < kMost) sentences_.push_back(std::move(sentence));
  }
  void clear() { sentences_.clear(); }
  const std::vector<std::string>& sentences() const noexcept { return sentences_; }

 private:
  static constexpr std::size_t kMost = 20;
  std::vector<std::string> sentences_;
};

}  // namespace sonde::symbolize
