// Breakpoints in the allocators of the targets: found, set, and taken away again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/uprobe_links.hpp"
#include "tracers/code_watch.hpp"

namespace sonde::tracers {

/// Descriptors of the loaded programs of alloc.bpf.h.
struct AllocPrograms {
  /// At functions that give memory out: a session, or the entry alone.
  int call_fd = -1;
  unsigned call_type = core::kUprobeSessionAttachType;
  /// At their return, where there are no sessions.
  int return_fd = -1;
  /// At functions that only take memory back; -1: they are left alone.
  int free_fd = -1;
  /// Of all but the first.
  unsigned link_type = core::kUprobeMultiAttachType;
  /// At the instruction behind the breakpoint in functions that give memory out; -1: none is set
  /// there.
  int second_fd = -1;
};

/// What was found in the files of the targets.
struct AllocFound {
  /// Names of files with an allocator, and functions that are probed, in all of them.
  std::set<std::string> files;
  std::size_t functions = 0;
  /// Of these, such as the kernel has to execute in a single step.
  std::size_t stepped = 0;
  /// Of these, such as the kernel does not take.
  std::size_t refused = 0;
  /// Processes that must not be probed, for Go moves its stacks, or whose allocator nothing tells,
  /// each with the sentence that says so.
  std::map<std::int32_t, std::string> unprobed;
  /// Files that could not be read, or whose functions could not be told, each with the reason.
  std::set<std::string> problems;
};

/// Not thread-safe.
class AllocProbes {
 public:
  /// `whole_files`: in every process that maps a file, so that processes are traced from their
  /// first instruction; else only in the targets.
  AllocProbes(TargetFilter filter, bool whole_files);

  /// Looks what the targets map. `more`: as CodeWatch::look(). Attaches the programs to what is
  /// new, if attach() was called and detach() was not.
  Result<void> look(std::span<const std::uint32_t> more = {});
  /// The files that a target will map, before it does.
  void expect(std::int32_t pid, std::span<const std::shared_ptr<const process::MappedFile>> files);
  /// After an error some of it may be attached: detach().
  Result<void> attach(const AllocPrograms& programs);
  void detach() noexcept;
  /// From the next attach() on only in the targets: enough for windows, and cheaper.
  void narrow() noexcept { whole_files_ = false; }

  /// By the number in a cookie: of all files, each name once.
  const std::vector<std::string>& function_names() const noexcept { return function_names_; }
  /// Targets that have ended since the last call of this, as look() saw it.
  std::vector<std::int32_t> take_ended() { return std::exchange(ended_, {}); }
  const AllocFound& found() const noexcept { return found_; }
  const CodeWatch& watch() const noexcept { return watch_; }
  /// Processes in which something is probed, or is about to be.
  const std::set<std::int32_t>& processes() const noexcept { return processes_; }

 private:
  /// Of one file; the same for all that map it.
  struct Points {
    std::vector<core::UprobePoint> calls;
    std::vector<core::UprobePoint> seconds;
    std::vector<core::UprobePoint> frees;
    /// Why programs of it are not probed.
    std::string unprobed;
    bool empty() const noexcept { return calls.empty() && frees.empty(); }
  };
  struct Place {
    std::int32_t pid = 0;
    std::shared_ptr<const process::MappedFile> file;
    const Points* points = nullptr;
    bool attached = false;
  };
  /// Empty if there are too many.
  std::optional<unsigned> number_of(const std::string& function);
  const Points& points_of(const process::MappedFile& file);
  void add_place(const CodeUse& use);
  bool is_covered(const Place& place) const;
  Result<void> attach_place(Place& place);
  Result<void> attach_new();

  CodeWatch watch_;
  bool whole_files_;
  std::map<process::FileId, Points> known_;
  std::vector<Place> places_;
  core::UprobeLinks links_;
  AllocPrograms programs_;
  bool attaching_ = false;
  AllocFound found_;
  std::vector<std::string> function_names_;
  std::set<std::int32_t> processes_;
  std::vector<std::int32_t> ended_;
};

}  // namespace sonde::tracers
