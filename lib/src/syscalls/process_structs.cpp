#include "syscalls/process_structs.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "syscalls/flag_names.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {
namespace {

std::string wait_status(std::span<const std::byte> bytes) {
  std::int32_t status = 0;
  if (!read_as(bytes, status)) return {};
  if (WIFEXITED(status))
    return fmt::format("[{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}]", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) {
    return fmt::format("[{{WIFSIGNALED(s) && WTERMSIG(s) == {}{}}}]", signal_name(WTERMSIG(status)),
                       WCOREDUMP(status) ? " && WCOREDUMP(s)" : "");
  }
  if (WIFSTOPPED(status)) {
    return fmt::format("[{{WIFSTOPPED(s) && WSTOPSIG(s) == {}}}]", signal_name(WSTOPSIG(status)));
  }
  if (WIFCONTINUED(status)) return "[{WIFCONTINUED(s)}]";
  return fmt::format("[{:#x}]", status);
}

// What the kernel fills in for waitid() and rt_sigtimedwait().
std::string signal_info(std::span<const std::byte> bytes) {
  siginfo_t info = {};
  if (!read_as(bytes, info)) return {};
  if (info.si_signo == 0) return "{}";
  const std::string signal = signal_name(info.si_signo);
  if (info.si_signo != SIGCHLD || info.si_code <= 0)
    return fmt::format("{{si_signo={}, si_code={}, ...}}", signal, info.si_code);
  const bool exited = info.si_code == CLD_EXITED;
  return fmt::format(
      "{{si_signo={}, si_code={}, si_pid={}, si_uid={}, si_status={}, si_utime={}, si_stime={}}}",
      signal, named_value(Arg::child_code, static_cast<std::uint32_t>(info.si_code)), info.si_pid,
      info.si_uid, exited ? fmt::format("{}", info.si_status) : signal_name(info.si_status),
      info.si_utime, info.si_stime);
}

std::string usage(std::span<const std::byte> bytes) {
  rusage used = {};
  if (!read_as(bytes, used)) return {};
  return fmt::format(
      "{{ru_utime={{tv_sec={}, tv_usec={}}}, ru_stime={{tv_sec={}, tv_usec={}}}, ...}}",
      used.ru_utime.tv_sec, used.ru_utime.tv_usec, used.ru_stime.tv_sec, used.ru_stime.tv_usec);
}

// struct clone_args of linux/sched.h as far as the program gave it: 64 bytes at least.
struct CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  std::uint64_t set_tid, set_tid_size, cgroup;
};

std::string clone_arguments(std::span<const std::byte> bytes) {
  constexpr std::uint64_t kPidFd = 0x1000, kSetTls = 0x80000, kParentSetTid = 0x100000,
                          kChildClearTid = 0x200000, kChildSetTid = 0x1000000,
                          kIntoCgroup = 0x200000000;
  if (bytes.size() < 64) return {};
  CloneArguments clone = {};
  std::memcpy(&clone, bytes.data(), std::min(bytes.size(), sizeof(clone)));
  const auto has = [&](std::uint64_t flags) { return (clone.flags & flags) != 0; };
  std::string text = "{flags=" + named_value(Arg::clone_flags, clone.flags & ~std::uint64_t{0xff});
  if (has(kPidFd)) text += ", pidfd=" + address_text(clone.pidfd);
  if (has(kChildClearTid | kChildSetTid)) text += ", child_tid=" + address_text(clone.child_tid);
  if (has(kParentSetTid)) text += ", parent_tid=" + address_text(clone.parent_tid);
  text += fmt::format(", exit_signal={}, stack={}, stack_size={:#x}",
                      signal_name(static_cast<int>(clone.exit_signal)), address_text(clone.stack),
                      clone.stack_size);
  if (has(kSetTls)) text += ", tls=" + address_text(clone.tls);
  if (clone.set_tid_size != 0)
    text += fmt::format(", set_tid={}, set_tid_size={}", address_text(clone.set_tid),
                        clone.set_tid_size);
  if (has(kIntoCgroup)) text += fmt::format(", cgroup={}", clone.cgroup);
  return text.append("}");
}

std::string system_info(std::span<const std::byte> bytes) {
  struct sysinfo info = {};
  if (!read_as(bytes, info)) return {};
  return fmt::format(
      "{{uptime={}, loads=[{}, {}, {}], totalram={}, freeram={}, sharedram={}, bufferram={}, "
      "totalswap={}, freeswap={}, procs={}, totalhigh={}, freehigh={}, mem_unit={}}}",
      info.uptime, info.loads[0], info.loads[1], info.loads[2], info.totalram, info.freeram,
      info.sharedram, info.bufferram, info.totalswap, info.freeswap, info.procs, info.totalhigh,
      info.freehigh, info.mem_unit);
}

}  // namespace

std::string process_struct_text(Arg kind, std::span<const std::byte> bytes) {
  switch (kind) {
    case Arg::wait_status_out:
      return wait_status(bytes);
    case Arg::signal_info_out:
      return signal_info(bytes);
    case Arg::usage_out:
      return usage(bytes);
    case Arg::clone_arguments_in:
      return clone_arguments(bytes);
    case Arg::system_info_out:
      return system_info(bytes);
    default:
      return {};
  }
}

}  // namespace sonde::syscalls
