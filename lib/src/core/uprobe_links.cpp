#include "core/uprobe_links.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <thread>
#include <utility>

#include "core/kernel_error.hpp"
#include "core/uprobe_events.hpp"
#include "util/fail.hpp"
#include "util/own_thread.hpp"

namespace sonde::core {
namespace {

// The part of union bpf_attr that BPF_LINK_CREATE reads for these attach types (include/uapi/
// linux/bpf.h of Linux 6.6).
struct UprobeMultiAttr {
  std::uint32_t program_fd;
  std::uint32_t target_fd;
  std::uint32_t attach_type;
  std::uint32_t flags;
  std::uint64_t path;
  std::uint64_t offsets;
  std::uint64_t reference_counter_offsets;
  std::uint64_t cookies;
  std::uint32_t count;
  std::uint32_t uprobe_flags;
  std::uint32_t pid;
  std::uint32_t padding;
};

// What the kernel keeps to itself as ENOTSUPP (include/linux/errno.h).
constexpr int kNotSupported = 524;

// BPF_F_UPROBE_MULTI_RETURN.
constexpr std::uint32_t kReturnFlag = 1;

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

UniqueFd create_multi_link(int program_fd, unsigned attach_type, const std::string& path, pid_t pid,
                           std::span<const UprobePoint> points, UprobeEnd end) {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint64_t> cookies;
  for (const UprobePoint& point : points) {
    offsets.push_back(point.offset);
    cookies.push_back(point.cookie);
  }
  UprobeMultiAttr attr{};
  attr.program_fd = static_cast<std::uint32_t>(program_fd);
  attr.attach_type = attach_type;
  attr.path = address_of(path.c_str());
  attr.offsets = address_of(offsets.data());
  attr.cookies = address_of(cookies.data());
  attr.count = static_cast<std::uint32_t>(points.size());
  attr.uprobe_flags = end == UprobeEnd::return_ ? kReturnFlag : 0;
  attr.pid = static_cast<std::uint32_t>(pid);
  return UniqueFd(static_cast<int>(::syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr))));
}

UniqueFd create_link(int program_fd, unsigned attach_type, const std::string& path, pid_t pid,
                     std::span<const UprobePoint> points, UprobeEnd end) {
  if (attach_type != kUprobeEventAttachType)
    return create_multi_link(program_fd, attach_type, path, pid, points, end);
  const UprobePoint& point = points.front();
  return attach_uprobe_event(program_fd, pid,
                             {path, point.offset, point.cookie, end == UprobeEnd::return_});
}

// What is at a point decides these, not who asks (__copy_insn() and prepare_uprobe() in
// kernel/events/uprobes.c).
bool refuses_the_point(int error) {
  return error == kNotSupported || error == EOPNOTSUPP || error == ENOEXEC || error == EIO ||
         error == EINVAL;
}

}  // namespace

UniqueFd load_empty_uprobe_program(unsigned attach_type) noexcept {
  const std::array<bpf_insn, 2> nothing = {{
      {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, attach_type == kUprobeSessionAttachType},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  }};
  LIBBPF_OPTS(bpf_prog_load_opts, options,
              .expected_attach_type = static_cast<bpf_attach_type>(attach_type));
  return UniqueFd(::bpf_prog_load(BPF_PROG_TYPE_KPROBE, "sonde_empty", "GPL", nothing.data(),
                                  nothing.size(), &options));
}

bool has_uprobe_links(unsigned attach_type) noexcept {
  const UniqueFd program = load_empty_uprobe_program(attach_type);
  if (!program) return false;
  // A folder cannot be probed: EBADF, and EINVAL for an attach type that is not known.
  const std::array<UprobePoint, 1> point = {};
  const UniqueFd link = create_link(program.get(), attach_type, "/", 0, point, UprobeEnd::entry);
  return !link && errno == EBADF;
}

Result<std::vector<UprobePoint>> UprobeLinks::attach(int program_fd, unsigned attach_type,
                                                     const std::string& path, pid_t pid,
                                                     std::span<const UprobePoint> points,
                                                     UprobeEnd end) {
  std::vector<UniqueFd> made;
  std::vector<UprobePoint> refused;
  // A link is all or nothing: halves of what failed are tried until the points to blame are alone.
  std::vector<std::span<const UprobePoint>> waiting;
  const std::size_t most = attach_type == kUprobeEventAttachType ? 1 : points.size();
  for (std::size_t at = 0; at < points.size(); at += most)
    waiting.push_back(points.subspan(at, most));
  while (!waiting.empty()) {
    const auto part = waiting.back();
    waiting.pop_back();
    UniqueFd link = create_link(program_fd, attach_type, path, pid, part, end);
    const int error = errno;
    if (link) {
      made.push_back(std::move(link));
    } else if (!refuses_the_point(error)) {
      return tl::unexpected(attach_error(fmt::format("uprobe:{}", path), error));
    } else if (part.size() == 1) {
      refused.push_back(part.front());
    } else {
      waiting.push_back(part.subspan(part.size() / 2));
      waiting.push_back(part.first(part.size() / 2));
    }
  }
  links_.insert(links_.end(), std::make_move_iterator(made.begin()),
                std::make_move_iterator(made.end()));
  return refused;
}

// To close a link takes tens of milliseconds, in which the breakpoints of the next one would still
// be hit.
void UprobeLinks::detach() noexcept {
  constexpr std::size_t kMostAtOnce = 8;
  std::vector<std::thread> closers;
  while (links_.size() > 1 && closers.size() < kMostAtOnce) {
    const int link = links_.back().release();
    links_.pop_back();
    if (auto closer = start_thread([link] { ::close(link); }))
      closers.push_back(std::move(*closer));
    else
      ::close(link);
  }
  links_.clear();
  for (std::thread& closer : closers)
    closer.join();
}

}  // namespace sonde::core
