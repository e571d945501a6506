// Debug files from debuginfod servers, through elfutils' libdebuginfod: it is loaded only when
// asked for, knows the servers (DEBUGINFOD_URLS), and keeps what it gets in the user's cache.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <sonde/error.hpp>
#include "symbolize/debug_files.hpp"
#include "symbolize/notices.hpp"
#include "util/unique_fd.hpp"

namespace sonde::symbolize {

class Debuginfod {
 public:
  struct Options {
    /// For all requests of a session together; later ones are not made.
    std::chrono::nanoseconds time_limit = std::chrono::seconds(60);
    /// Told what is asked for, and how that went.
    std::function<void(const std::string&)> progress = {};
  };

  /// LoadFailed if libdebuginfod is not there.
  static Result<std::unique_ptr<Debuginfod>> open(Options options);
  ~Debuginfod();
  Debuginfod(const Debuginfod&) = delete;
  Debuginfod& operator=(const Debuginfod&) = delete;

  /// The debug file of this build-id, or empty. No file is asked for twice.
  UniqueFd find(const std::string& build_id);
  /// What was not found, and why.
  void report_to(Notices& notices) const;

 private:
  struct Library;
  explicit Debuginfod(Options options);

  Options options_;
  std::unique_ptr<Library> library_;
  std::chrono::nanoseconds spent_{0};
  /// What each request came to: 0 or an errno.
  std::map<std::string, int> asked_;
};

}  // namespace sonde::symbolize
