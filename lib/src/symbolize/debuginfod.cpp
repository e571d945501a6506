#include "symbolize/debuginfod.hpp"

#include <dlfcn.h>
#include <elfutils/debuginfod.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "util/duration.hpp"
#include "util/fail.hpp"

namespace sonde::symbolize {
namespace {

using Clock = std::chrono::steady_clock;

struct Free {
  void operator()(char* path) const { std::free(path); }
};

// Of the request that this thread makes.
thread_local Clock::time_point deadline;

// libdebuginfod calls it several times a second while it waits; other than 0 ends the request.
int on_progress(debuginfod_client*, long, long) {
  return Clock::now() >= deadline ? 1 : 0;
}

}  // namespace

/// Never unloaded: it leaves a thread-local of libcurl behind.
struct Debuginfod::Library {
  decltype(&::debuginfod_begin) begin = nullptr;
  decltype(&::debuginfod_end) end = nullptr;
  decltype(&::debuginfod_find_debuginfo) find_debuginfo = nullptr;
  decltype(&::debuginfod_set_progressfn) set_progressfn = nullptr;

  template <class Function>
  static bool look_up(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(handle, name));
    return function != nullptr;
  }
  bool load() {
    void* const handle = ::dlopen(DEBUGINFOD_SONAME, RTLD_NOW | RTLD_LOCAL);
    return handle != nullptr && look_up(handle, "debuginfod_begin", begin) &&
           look_up(handle, "debuginfod_end", end) &&
           look_up(handle, "debuginfod_find_debuginfo", find_debuginfo) &&
           look_up(handle, "debuginfod_set_progressfn", set_progressfn);
  }
};

Debuginfod::Debuginfod(Options options)
    : options_(std::move(options)), library_(std::make_unique<Library>()) {
}
Debuginfod::~Debuginfod() = default;

Result<std::unique_ptr<Debuginfod>> Debuginfod::open(Options options) {
  std::unique_ptr<Debuginfod> opened(new Debuginfod(std::move(options)));
  if (!opened->library_->load()) {
    const char* const why = ::dlerror();
    return fail(ErrorCode::LoadFailed,
                fmt::format("debuginfod cannot be asked: {}", why != nullptr ? why : "no library"),
                "Install libdebuginfod1");
  }
  return opened;
}

UniqueFd Debuginfod::find(const std::string& build_id) {
  const auto known = asked_.find(build_id);
  if (known != asked_.end() && known->second != 0) return {};
  int& outcome = asked_[build_id];
  outcome = ETIMEDOUT;
  if (spent_ >= options_.time_limit) return {};
  const Clock::time_point begin = Clock::now();
  debuginfod_client* const client = library_->begin();
  if (client == nullptr) {
    outcome = ENOMEM;
    return {};
  }
  if (options_.progress) options_.progress(fmt::format("asking debuginfod for {}", build_id));
  deadline = begin + (options_.time_limit - spent_);
  library_->set_progressfn(client, on_progress);
  char* path = nullptr;
  UniqueFd fd(library_->find_debuginfo(
      client, reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, &path));
  const std::unique_ptr<char, Free> owned(path);
  library_->end(client);
  spent_ += Clock::now() - begin;
  // A request that on_progress ended comes back as ENOENT.
  if (fd) {
    outcome = 0;
  } else if (Clock::now() < deadline) {
    outcome = -fd.get();
  }
  return fd;
}

void Debuginfod::report_to(Notices& notices) const {
  std::size_t absent = 0;
  std::size_t late = 0;
  for (const auto& [build_id, outcome] : asked_) {
    if (outcome == ENOSYS) {
      notices.add("debuginfod was not asked: DEBUGINFOD_URLS names no server");
    } else if (outcome == ENOENT) {
      ++absent;
    } else if (outcome == ETIMEDOUT || outcome == ETIME || outcome == ECANCELED) {
      ++late;
    } else if (outcome != 0) {
      notices.add(fmt::format("debuginfod, asked for {}: {}", build_id, std::strerror(outcome)));
    }
  }
  if (absent > 0) {
    notices.add(
        fmt::format("debuginfod has no debug file for {} of {} file(s)", absent, asked_.size()));
  }
  if (late > 0) {
    notices.add(fmt::format("debuginfod did not answer for {} of {} file(s) within {} in all", late,
                            asked_.size(), format_duration(options_.time_limit)));
  }
}

}  // namespace sonde::symbolize
