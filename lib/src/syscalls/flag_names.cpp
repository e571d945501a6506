#include "syscalls/flag_names.hpp"

#include <asm/prctl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asm/ioctls.h>

#include <cstring>
#include <span>
#include <string_view>

namespace sonde::syscalls {
namespace {

struct Name {
  std::uint64_t value;
  std::string_view name;
};

#define NAMED(constant) \
  { static_cast<std::uint64_t>(constant), #constant }

// glibc defines it as 0 on 64-bit machines; the kernel's bit is set all the same by some programs.
constexpr std::uint64_t kLargeFile = 0100000;

constexpr Name kOpen[] = {{static_cast<std::uint64_t>(O_TMPFILE), "O_TMPFILE"},
                          NAMED(O_CREAT),
                          NAMED(O_EXCL),
                          NAMED(O_NOCTTY),
                          NAMED(O_TRUNC),
                          NAMED(O_APPEND),
                          NAMED(O_NONBLOCK),
                          {static_cast<std::uint64_t>(O_SYNC), "O_SYNC"},
                          NAMED(O_DSYNC),
                          NAMED(O_ASYNC),
                          NAMED(O_DIRECT),
                          {kLargeFile, "O_LARGEFILE"},
                          NAMED(O_DIRECTORY),
                          NAMED(O_NOFOLLOW),
                          NAMED(O_NOATIME),
                          NAMED(O_CLOEXEC),
                          {010000000, "O_PATH"}};
constexpr Name kPipe[] = {NAMED(O_NONBLOCK), NAMED(O_CLOEXEC), NAMED(O_DIRECT)};
constexpr Name kAccess[] = {NAMED(R_OK), NAMED(W_OK), NAMED(X_OK)};
constexpr Name kAt[] = {NAMED(AT_SYMLINK_NOFOLLOW),    {0x200, "AT_REMOVEDIR"},
                        NAMED(AT_SYMLINK_FOLLOW),      {0x800, "AT_NO_AUTOMOUNT"},
                        {0x1000, "AT_EMPTY_PATH"},     {0x2000, "AT_STATX_FORCE_SYNC"},
                        {0x4000, "AT_STATX_DONT_SYNC"}};
constexpr Name kProt[] = {NAMED(PROT_READ), NAMED(PROT_WRITE), NAMED(PROT_EXEC),
                          NAMED(PROT_GROWSDOWN), NAMED(PROT_GROWSUP)};
constexpr Name kMap[] = {NAMED(MAP_FIXED),      NAMED(MAP_ANONYMOUS),
                         {0x40, "MAP_32BIT"},   NAMED(MAP_NORESERVE),
                         NAMED(MAP_POPULATE),   NAMED(MAP_NONBLOCK),
                         NAMED(MAP_GROWSDOWN),  NAMED(MAP_DENYWRITE),
                         NAMED(MAP_EXECUTABLE), NAMED(MAP_LOCKED),
                         NAMED(MAP_STACK),      NAMED(MAP_HUGETLB),
                         NAMED(MAP_SYNC),       {0x100000, "MAP_FIXED_NOREPLACE"}};
constexpr Name kAdvice[] = {NAMED(MADV_NORMAL),    NAMED(MADV_RANDOM),   NAMED(MADV_SEQUENTIAL),
                            NAMED(MADV_WILLNEED),  NAMED(MADV_DONTNEED), NAMED(MADV_FREE),
                            NAMED(MADV_REMOVE),    NAMED(MADV_DONTFORK), NAMED(MADV_DOFORK),
                            NAMED(MADV_MERGEABLE), NAMED(MADV_HUGEPAGE), NAMED(MADV_NOHUGEPAGE),
                            NAMED(MADV_DONTDUMP),  NAMED(MADV_COLD),     NAMED(MADV_PAGEOUT)};
constexpr Name kWhence[] = {
    NAMED(SEEK_SET), NAMED(SEEK_CUR), NAMED(SEEK_END), {3, "SEEK_DATA"}, {4, "SEEK_HOLE"}};
constexpr Name kClock[] = {NAMED(CLOCK_REALTIME),           NAMED(CLOCK_MONOTONIC),
                           NAMED(CLOCK_PROCESS_CPUTIME_ID), NAMED(CLOCK_THREAD_CPUTIME_ID),
                           NAMED(CLOCK_MONOTONIC_RAW),      NAMED(CLOCK_REALTIME_COARSE),
                           NAMED(CLOCK_MONOTONIC_COARSE),   NAMED(CLOCK_BOOTTIME)};
constexpr Name kDomain[] = {NAMED(AF_UNSPEC),  NAMED(AF_UNIX),   NAMED(AF_INET), NAMED(AF_INET6),
                            NAMED(AF_NETLINK), NAMED(AF_PACKET), NAMED(AF_ALG),  NAMED(AF_VSOCK)};
constexpr Name kSocketType[] = {NAMED(SOCK_STREAM), NAMED(SOCK_DGRAM), NAMED(SOCK_RAW),
                                NAMED(SOCK_SEQPACKET)};
constexpr Name kSocketFlags[] = {NAMED(SOCK_CLOEXEC), NAMED(SOCK_NONBLOCK)};
constexpr Name kMessage[] = {NAMED(MSG_OOB),      NAMED(MSG_PEEK),    NAMED(MSG_DONTROUTE),
                             NAMED(MSG_CTRUNC),   NAMED(MSG_TRUNC),   NAMED(MSG_DONTWAIT),
                             NAMED(MSG_EOR),      NAMED(MSG_WAITALL), NAMED(MSG_ERRQUEUE),
                             NAMED(MSG_NOSIGNAL), NAMED(MSG_MORE),    NAMED(MSG_CMSG_CLOEXEC)};
constexpr Name kLevel[] = {
    {0, "SOL_IP"}, NAMED(SOL_SOCKET), {6, "SOL_TCP"}, {17, "SOL_UDP"}, {41, "SOL_IPV6"}};
constexpr Name kResource[] = {
    NAMED(RLIMIT_CPU),      NAMED(RLIMIT_FSIZE), NAMED(RLIMIT_DATA),   NAMED(RLIMIT_STACK),
    NAMED(RLIMIT_CORE),     NAMED(RLIMIT_RSS),   NAMED(RLIMIT_NPROC),  NAMED(RLIMIT_NOFILE),
    NAMED(RLIMIT_MEMLOCK),  NAMED(RLIMIT_AS),    NAMED(RLIMIT_LOCKS),  NAMED(RLIMIT_SIGPENDING),
    NAMED(RLIMIT_MSGQUEUE), NAMED(RLIMIT_NICE),  NAMED(RLIMIT_RTPRIO), NAMED(RLIMIT_RTTIME)};
constexpr Name kFcntl[] = {NAMED(F_DUPFD),
                           NAMED(F_GETFD),
                           NAMED(F_SETFD),
                           NAMED(F_GETFL),
                           NAMED(F_SETFL),
                           {5, "F_GETLK"},
                           {6, "F_SETLK"},
                           {7, "F_SETLKW"},
                           NAMED(F_SETOWN),
                           NAMED(F_GETOWN),
                           {36, "F_OFD_GETLK"},
                           {37, "F_OFD_SETLK"},
                           {1030, "F_DUPFD_CLOEXEC"},
                           {1031, "F_SETPIPE_SZ"},
                           {1032, "F_GETPIPE_SZ"},
                           {1033, "F_ADD_SEALS"},
                           {1034, "F_GET_SEALS"}};
constexpr Name kFutex[] = {
    NAMED(FUTEX_WAIT),          NAMED(FUTEX_WAKE),        NAMED(FUTEX_FD),
    NAMED(FUTEX_REQUEUE),       NAMED(FUTEX_CMP_REQUEUE), NAMED(FUTEX_WAKE_OP),
    NAMED(FUTEX_LOCK_PI),       NAMED(FUTEX_UNLOCK_PI),   NAMED(FUTEX_TRYLOCK_PI),
    NAMED(FUTEX_WAIT_BITSET),   NAMED(FUTEX_WAKE_BITSET), NAMED(FUTEX_WAIT_REQUEUE_PI),
    NAMED(FUTEX_CMP_REQUEUE_PI)};
constexpr Name kEpoll[] = {NAMED(EPOLL_CTL_ADD), NAMED(EPOLL_CTL_DEL), NAMED(EPOLL_CTL_MOD)};
constexpr Name kClone[] = {NAMED(CLONE_VM),
                           NAMED(CLONE_FS),
                           NAMED(CLONE_FILES),
                           NAMED(CLONE_SIGHAND),
                           NAMED(CLONE_PTRACE),
                           NAMED(CLONE_VFORK),
                           NAMED(CLONE_PARENT),
                           NAMED(CLONE_THREAD),
                           NAMED(CLONE_NEWNS),
                           NAMED(CLONE_SYSVSEM),
                           NAMED(CLONE_SETTLS),
                           NAMED(CLONE_PARENT_SETTID),
                           NAMED(CLONE_CHILD_CLEARTID),
                           NAMED(CLONE_CHILD_SETTID),
                           NAMED(CLONE_NEWCGROUP),
                           NAMED(CLONE_NEWUTS),
                           NAMED(CLONE_NEWIPC),
                           NAMED(CLONE_NEWUSER),
                           NAMED(CLONE_NEWPID),
                           NAMED(CLONE_NEWNET)};
constexpr Name kSigprocmask[] = {NAMED(SIG_BLOCK), NAMED(SIG_UNBLOCK), NAMED(SIG_SETMASK)};
constexpr Name kRandom[] = {NAMED(GRND_NONBLOCK), NAMED(GRND_RANDOM)};
constexpr Name kPrctl[] = {
    NAMED(PR_SET_PDEATHSIG),    NAMED(PR_GET_PDEATHSIG),  NAMED(PR_GET_DUMPABLE),
    NAMED(PR_SET_DUMPABLE),     NAMED(PR_SET_KEEPCAPS),   NAMED(PR_SET_NAME),
    NAMED(PR_GET_NAME),         NAMED(PR_SET_SECCOMP),    NAMED(PR_CAPBSET_READ),
    NAMED(PR_CAPBSET_DROP),     NAMED(PR_SET_TIMERSLACK), NAMED(PR_SET_CHILD_SUBREAPER),
    NAMED(PR_SET_NO_NEW_PRIVS), NAMED(PR_SET_MM),         NAMED(PR_CAP_AMBIENT),
    {0x53564d41, "PR_SET_VMA"}};
constexpr Name kIoctl[] = {NAMED(TCGETS),    NAMED(TCSETS),    NAMED(TCSETSW),    NAMED(TCSETSF),
                           NAMED(TIOCGPGRP), NAMED(TIOCSPGRP), NAMED(TIOCGWINSZ), NAMED(TIOCSWINSZ),
                           NAMED(FIONREAD),  NAMED(FIONBIO),   NAMED(FIOCLEX),    NAMED(FIONCLEX),
                           NAMED(FIOASYNC),  NAMED(TIOCSCTTY), NAMED(TIOCNOTTY),  NAMED(TIOCGPTN),
                           NAMED(TIOCSPTLCK)};

#undef NAMED

std::string one_of(std::span<const Name> names, std::uint64_t value) {
  for (const Name& name : names) {
    if (name.value == value) return std::string(name.name);
  }
  return fmt::format("{:#x}", value);
}

// Appends the names of the bits, and what is left in hexadecimal.
void add_bits(std::string& text, std::span<const Name> names, std::uint64_t value) {
  const auto add = [&](std::string_view item) {
    if (!text.empty()) text += '|';
    text += item;
  };
  for (const Name& name : names) {
    if (name.value == 0 || (value & name.value) != name.value) continue;
    add(name.name);
    value &= ~name.value;
  }
  if (value != 0) add(fmt::format("{:#x}", value));
}

std::string bits(std::span<const Name> names, std::uint64_t value, std::string_view none = "0") {
  std::string text;
  add_bits(text, names, value);
  return text.empty() ? std::string(none) : text;
}

std::string open_flags(std::uint64_t value) {
  constexpr std::string_view kModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
  std::string text(kModes[value & 3]);
  add_bits(text, kOpen, value & ~std::uint64_t{3} & 0xffffffff);
  return text;
}

std::string mmap_flags(std::uint64_t value) {
  constexpr std::uint64_t kType = 0xf;
  std::string text = (value & kType) == MAP_SHARED    ? "MAP_SHARED"
                     : (value & kType) == MAP_PRIVATE ? "MAP_PRIVATE"
                     : (value & kType) == 3           ? "MAP_SHARED_VALIDATE"
                                                      : "";
  add_bits(text, kMap, text.empty() ? value : value & ~kType);
  return text.empty() ? "0" : text;
}

std::string socket_type(std::uint64_t value) {
  constexpr std::uint64_t kType = 0xf;
  std::string text = (value & kType) == 0 ? "" : one_of(kSocketType, value & kType);
  add_bits(text, kSocketFlags, value & ~kType);
  return text.empty() ? "0" : text;
}

std::string futex_operation(std::uint64_t value) {
  std::string text = one_of(kFutex, value & 0x7f);
  if ((value & FUTEX_PRIVATE_FLAG) != 0) text += "_PRIVATE";
  if ((value & FUTEX_CLOCK_REALTIME) != 0) text += "|FUTEX_CLOCK_REALTIME";
  return text;
}

std::string clone_flags(std::uint64_t value) {
  std::string text;
  if (const std::uint64_t names = value & ~std::uint64_t{CSIGNAL}; names != 0)
    add_bits(text, kClone, names);
  if (const int signal = static_cast<int>(value & CSIGNAL); signal != 0) {
    if (!text.empty()) text += '|';
    text += signal_name(signal);
  }
  return text.empty() ? "0" : text;
}

}  // namespace

std::string signal_name(int number) {
  if (number == 0) return "0";
  if (number == SIGIO) return "SIGIO";  // glibc says SIGPOLL, as only System V does
  if (const char* const name = ::sigabbrev_np(number)) return fmt::format("SIG{}", name);
  constexpr int kFirstRealTime = 32;
  if (number == kFirstRealTime) return "SIGRTMIN";
  if (number > kFirstRealTime && number <= 64) return fmt::format("SIGRT_{}", number - 32);
  return fmt::format("{}", number);
}

std::string file_mode(std::uint32_t mode) {
  constexpr Name kTypes[] = {{S_IFREG, "S_IFREG"},  {S_IFDIR, "S_IFDIR"}, {S_IFCHR, "S_IFCHR"},
                             {S_IFBLK, "S_IFBLK"},  {S_IFIFO, "S_IFIFO"}, {S_IFLNK, "S_IFLNK"},
                             {S_IFSOCK, "S_IFSOCK"}};
  const std::uint32_t type = mode & S_IFMT;
  std::string text = type == 0 ? std::string() : one_of(kTypes, type).append("|");
  if ((mode & S_ISUID) != 0) text += "S_ISUID|";
  if ((mode & S_ISGID) != 0) text += "S_ISGID|";
  if ((mode & S_ISVTX) != 0) text += "S_ISVTX|";
  return text + fmt::format("0{:03o}", mode & 0777);
}

std::string named_value(Arg kind, std::uint64_t value) {
  const std::uint64_t low = value & 0xffffffff;
  switch (kind) {
    case Arg::open_flags:
      return open_flags(value);
    case Arg::pipe_flags:
      return bits(kPipe, low);
    case Arg::access_mode:
      return bits(kAccess, low, "F_OK");
    case Arg::at_flags:
      return bits(kAt, low);
    case Arg::mmap_prot:
      return bits(kProt, value, "PROT_NONE");
    case Arg::mmap_flags:
      return mmap_flags(value);
    case Arg::madvise_advice:
      return one_of(kAdvice, low);
    case Arg::whence:
      return one_of(kWhence, low);
    case Arg::signal:
      return signal_name(static_cast<int>(value));
    case Arg::clock:
      return one_of(kClock, low);
    case Arg::socket_domain:
      return one_of(kDomain, low);
    case Arg::socket_type:
      return socket_type(low);
    case Arg::message_flags:
      return bits(kMessage, low);
    case Arg::socket_level:
      return one_of(kLevel, low);
    case Arg::resource:
      return one_of(kResource, low);
    case Arg::fcntl_command:
      return one_of(kFcntl, low);
    case Arg::futex_operation:
      return futex_operation(low);
    case Arg::epoll_command:
      return one_of(kEpoll, low);
    case Arg::clone_flags:
      return clone_flags(value);
    case Arg::sigprocmask_how:
      return one_of(kSigprocmask, low);
    case Arg::random_flags:
      return bits(kRandom, low);
    case Arg::prctl_option:
      return one_of(kPrctl, low);
    case Arg::ioctl_request:
      return one_of(kIoctl, low);
    default:
      return {};
  }
}

}  // namespace sonde::syscalls
