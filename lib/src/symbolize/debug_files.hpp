#pragma once

#include <functional>
#include <optional>
#include <string>

#include "elf/image.hpp"
#include "symbolize/debug_file.hpp"
#include "util/unique_fd.hpp"

namespace sonde::symbolize {

/// Gets a debug file by its build-id from elsewhere; empty if that has none.
using FetchDebugFile = std::function<UniqueFd(const std::string& build_id)>;

/// A file and what belongs to it, each opened when it is first needed.
class DebugFiles {
 public:
  /// `path`: its name in the traced process. `fetch` may be empty, and is asked where this machine
  /// has no debug file. `image` outlives this.
  DebugFiles(const elf::Image& image, std::string path, std::string root,
             FetchDebugFile fetch = {});

  const elf::Image& image() const noexcept { return image_; }
  /// The separate debug file, or null.
  const elf::Image* separate();
  /// That of the file and its separate one which has debug information, or null.
  const elf::Image* with_debug_info();
  /// What with_debug_info() shares debug information with, or null.
  const elf::Image* alternate();

 private:
  const elf::Image& image_;
  std::string path_;
  std::string root_;
  FetchDebugFile fetch_;
  bool looked_for_separate_ = false;
  bool looked_for_alternate_ = false;
  std::optional<DebugFile> separate_;
  std::optional<elf::Image> alternate_;
};

}  // namespace sonde::symbolize
