#include "tracers/mem/alloc_probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "elf/dynamic.hpp"
#include "elf/image.hpp"
#include "probe/allocator.hpp"
#include "probe/site.hpp"
#include "symbolize/demangle.hpp"

#include "shared/alloc_event.h"

namespace sonde::tracers {
namespace {

using probe::AllocatorCall;

static_assert(static_cast<int>(AllocatorCall::size) == SONDE_ALLOC_SIZE &&
              static_cast<int>(AllocatorCall::product) == SONDE_ALLOC_PRODUCT &&
              static_cast<int>(AllocatorCall::aligned) == SONDE_ALLOC_ALIGNED &&
              static_cast<int>(AllocatorCall::store) == SONDE_ALLOC_STORE &&
              static_cast<int>(AllocatorCall::resize) == SONDE_ALLOC_RESIZE &&
              static_cast<int>(AllocatorCall::resize_product) == SONDE_ALLOC_RESIZE_PRODUCT &&
              static_cast<int>(AllocatorCall::release) == SONDE_ALLOC_RELEASE);

constexpr std::int64_t kWord = 8;

unsigned arguments_of(AllocatorCall call) {
  switch (call) {
    case AllocatorCall::size:
    case AllocatorCall::release:
      return 1;
    case AllocatorCall::store:
    case AllocatorCall::resize_product:
      return 3;
    default:
      return 2;
  }
}

// How far the allocator's own code reaches below and above the breakpoint; 0 if that is not known.
std::pair<std::uint64_t, std::uint64_t> own_code(const probe::Allocator& allocator,
                                                 const probe::Site& site) {
  if (site.address < allocator.code_start || site.address >= allocator.code_end) return {0, 0};
  return {std::min<std::uint64_t>(site.address - allocator.code_start, SONDE_ALLOC_LARGEST_CODE),
          std::min<std::uint64_t>(allocator.code_end - site.address, SONDE_ALLOC_LARGEST_CODE)};
}

// Static and stripped: nothing says where its allocator is.
bool hides_allocator(const elf::Image& image) {
  const bool has_dynamic = std::ranges::any_of(
      image.segments(), [](const Elf64_Phdr& segment) { return segment.p_type == PT_DYNAMIC; });
  const elf::Dynamic dynamic = elf::read_dynamic(image);
  const bool is_static = !has_dynamic || (dynamic.is_pie && dynamic.interpreter.empty());
  return is_static && image.section_of_type(SHT_SYMTAB) == nullptr;
}

// By name, too: on some file systems stat() and /proc tell different devices of a file.
bool is_same(const process::MappedFile& a, const process::MappedFile& b) {
  return a.id.inode == b.id.inode && (a.id == b.id || a.path == b.path);
}

}  // namespace

AllocProbes::AllocProbes(TargetFilter filter, bool whole_files)
    : watch_(std::move(filter)), whole_files_(whole_files) {
}

std::optional<unsigned> AllocProbes::number_of(const std::string& function) {
  const auto known = std::ranges::find(function_names_, function);
  const auto number = static_cast<unsigned>(known - function_names_.begin());
  if (known != function_names_.end()) return number;
  if (number == SONDE_ALLOC_MOST_FUNCTIONS) return {};
  function_names_.push_back(function);
  return number;
}

const AllocProbes::Points& AllocProbes::points_of(const process::MappedFile& file) {
  const auto [entry, is_new] = known_.try_emplace(file.id);
  Points& points = entry->second;
  if (!is_new) return points;
  if (!file.fd) {
    found_.problems.insert(fmt::format("{} could not be opened", file.path));
    return points;
  }
  const auto image = elf::Image::open(ByteSource(file.fd.get()));
  if (!image) return points;  // no ELF file, such as the code of a JIT compiler
  if (probe::is_go_program(*image)) {
    points.unprobed = fmt::format(
        "{} is a Go program: it has an allocator of its own, and Go's stacks move, so that "
        "breakpoints would crash it",
        file.path);
    return points;
  }
  const probe::Allocator allocator = probe::find_allocator(*image);
  if (allocator.functions.empty() && hides_allocator(*image)) {
    points.unprobed =
        fmt::format("{} is static and stripped: nothing says where its allocator is", file.path);
    return points;
  }
  for (const probe::AllocatorFunction& each : allocator.functions) {
    const bool only_frees = each.call == AllocatorCall::release;
    const auto site =
        probe::find_site(*image, each.function, {arguments_of(each.call), !only_frees});
    if (!site || site->stack_depth > kWord * SONDE_ALLOC_MOST_WORDS ||
        site->stack_depth % kWord != 0) {
      found_.problems.insert(fmt::format("{} of {} is not probed: {}", each.function.name,
                                         file.path,
                                         site ? "its frame is too large" : site.error().what));
      continue;
    }
    const std::optional<unsigned> number = number_of(symbolize::demangle(each.function.name));
    if (!number) {
      found_.problems.insert(fmt::format("{} of {} is not probed: there are too many functions",
                                         each.function.name, file.path));
      continue;
    }
    const auto [below, above] = own_code(allocator, *site);
    const auto words = static_cast<unsigned>(site->stack_depth / kWord);
    const core::UprobePoint point = {
        site->file_offset,
        SONDE_ALLOC_COOKIE(each.call, !site->emulated(), *number, words, below, above)};
    if (only_frees) {
      points.frees.push_back(point);
    } else {
      points.calls.push_back(point);
      if (const auto second = probe::find_second_site(*image, each.function, *site))
        points.seconds.push_back({second->file_offset, 0});
    }
    ++found_.functions;
    found_.stepped += !site->emulated();
  }
  if (!points.empty()) found_.files.insert(file.path);
  return points;
}

void AllocProbes::add_place(const CodeUse& use) {
  const Points& points = points_of(*use.file);
  if (!points.unprobed.empty()) {
    found_.unprobed.insert_or_assign(use.pid, points.unprobed);
    // Nor in the C library that it may have beside.
    processes_.erase(use.pid);
    std::erase_if(places_,
                  [&](const Place& place) { return place.pid == use.pid && !place.attached; });
  }
  if (points.empty() || found_.unprobed.contains(use.pid)) return;
  processes_.insert(use.pid);
  const bool is_known = std::ranges::any_of(places_, [&](const Place& place) {
    return place.pid == use.pid && is_same(*place.file, *use.file);
  });
  if (!is_known) places_.push_back({use.pid, use.file, &points, false});
}

void AllocProbes::expect(std::int32_t pid,
                         std::span<const std::shared_ptr<const process::MappedFile>> files) {
  for (const auto& file : files)
    add_place({pid, file});
}

Result<void> AllocProbes::look(std::span<const std::uint32_t> more) {
  for (const CodeUse& use : watch_.look(more))
    add_place(use);
  for (const std::int32_t pid : watch_.take_gone()) {
    processes_.erase(pid);
    // Not such as only have another name now.
    if (::kill(pid, 0) != 0 && errno == ESRCH) ended_.push_back(pid);
    // Its links are others' where whole files are probed.
    std::erase_if(places_, [&](const Place& place) {
      return place.pid == pid && !(whole_files_ && place.attached);
    });
  }
  return attaching_ ? attach_new() : Result<void>();
}

// Where whole files are probed, once is enough for all that map one.
bool AllocProbes::is_covered(const Place& place) const {
  return whole_files_ && std::ranges::any_of(places_, [&](const Place& other) {
           return other.attached && is_same(*other.file, *place.file);
         });
}

Result<void> AllocProbes::attach_place(Place& place) {
  if (is_covered(place)) return {};
  place.attached = true;
  const std::int32_t pid = whole_files_ ? 0 : place.pid;
  const std::string path = fmt::format("/proc/self/fd/{}", place.file->fd.get());
  const auto attach = [&](int program, unsigned type, const std::vector<core::UprobePoint>& points,
                          core::UprobeEnd end) -> Result<void> {
    if (program < 0 || points.empty()) return {};
    const auto refused = links_.attach(program, type, path, pid, points, end);
    // The process is gone, or is about to be.
    if (!refused && (refused.error().sys_errno == ESRCH || refused.error().sys_errno == ENOENT))
      return {};
    if (!refused) return tl::unexpected(refused.error());
    found_.refused += refused->size();
    return {};
  };
  const Points& points = *place.points;
  // Before the entries: an entry whose return is not seen is lost.
  auto attached =
      attach(programs_.return_fd, programs_.link_type, points.calls, core::UprobeEnd::return_);
  if (attached)
    attached = attach(programs_.call_fd, programs_.call_type, points.calls, core::UprobeEnd::entry);
  if (attached)
    attached =
        attach(programs_.second_fd, programs_.link_type, points.seconds, core::UprobeEnd::entry);
  if (attached)
    attached = attach(programs_.free_fd, programs_.link_type, points.frees, core::UprobeEnd::entry);
  return attached;
}

Result<void> AllocProbes::attach_new() {
  for (Place& place : places_) {
    if (place.attached) continue;
    if (auto attached = attach_place(place); !attached) return attached;
  }
  return {};
}

Result<void> AllocProbes::attach(const AllocPrograms& programs) {
  programs_ = programs;
  attaching_ = true;
  return attach_new();
}

void AllocProbes::detach() noexcept {
  attaching_ = false;
  links_.detach();
  for (Place& place : places_)
    place.attached = false;
}

}  // namespace sonde::tracers
