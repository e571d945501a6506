#include "syscalls/flag_names.hpp"

#include <asm/prctl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/prctl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asm/ioctls.h>

#include <cstring>
#include <span>
#include <string_view>

#include "syscalls/names.hpp"
#include "syscalls/process_names.hpp"
#include "syscalls/socket_names.hpp"

namespace sonde::syscalls {
namespace {

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

constexpr Name kArchPrctl[] = {NAMED(ARCH_SET_GS), NAMED(ARCH_SET_FS),    NAMED(ARCH_GET_FS),
                               NAMED(ARCH_GET_GS), NAMED(ARCH_GET_CPUID), NAMED(ARCH_SET_CPUID)};
constexpr Name kFadvise[] = {NAMED(POSIX_FADV_NORMAL),     NAMED(POSIX_FADV_RANDOM),
                             NAMED(POSIX_FADV_SEQUENTIAL), NAMED(POSIX_FADV_WILLNEED),
                             NAMED(POSIX_FADV_DONTNEED),   NAMED(POSIX_FADV_NOREUSE)};
constexpr Name kFallocate[] = {{1, "FALLOC_FL_KEEP_SIZE"},       {2, "FALLOC_FL_PUNCH_HOLE"},
                               {4, "FALLOC_FL_NO_HIDE_STALE"},   {8, "FALLOC_FL_COLLAPSE_RANGE"},
                               {0x10, "FALLOC_FL_ZERO_RANGE"},   {0x20, "FALLOC_FL_INSERT_RANGE"},
                               {0x40, "FALLOC_FL_UNSHARE_RANGE"}};
constexpr Name kFlock[] = {NAMED(LOCK_SH), NAMED(LOCK_EX), NAMED(LOCK_UN), NAMED(LOCK_NB)};
constexpr Name kMremap[] = {{1, "MREMAP_MAYMOVE"}, {2, "MREMAP_FIXED"}, {4, "MREMAP_DONTUNMAP"}};
constexpr Name kMsync[] = {NAMED(MS_ASYNC), NAMED(MS_INVALIDATE), NAMED(MS_SYNC)};
constexpr Name kMemfd[] = {{1, "MFD_CLOEXEC"},
                           {2, "MFD_ALLOW_SEALING"},
                           {4, "MFD_HUGETLB"},
                           {8, "MFD_NOEXEC_SEAL"},
                           {0x10, "MFD_EXEC"}};
constexpr Name kRename[] = {
    {1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"}, {4, "RENAME_WHITEOUT"}};
constexpr Name kUmount[] = {
    {1, "MNT_FORCE"}, {2, "MNT_DETACH"}, {4, "MNT_EXPIRE"}, {8, "UMOUNT_NOFOLLOW"}};
constexpr Name kPreadWrite[] = {
    {1, "RWF_HIPRI"}, {2, "RWF_DSYNC"}, {4, "RWF_SYNC"}, {8, "RWF_NOWAIT"}, {0x10, "RWF_APPEND"}};
constexpr Name kClosing[] = {{2, "CLOSE_RANGE_UNSHARE"}, {4, "CLOSE_RANGE_CLOEXEC"}};
constexpr Name kResolve[] = {{1, "RESOLVE_NO_XDEV"},     {2, "RESOLVE_NO_MAGICLINKS"},
                             {4, "RESOLVE_NO_SYMLINKS"}, {8, "RESOLVE_BENEATH"},
                             {0x10, "RESOLVE_IN_ROOT"},  {0x20, "RESOLVE_CACHED"}};
constexpr Name kStatxMask[] = {
    {0xfff, "STATX_ALL"},      {0x7ff, "STATX_BASIC_STATS"}, {1, "STATX_TYPE"},
    {2, "STATX_MODE"},         {4, "STATX_NLINK"},           {8, "STATX_UID"},
    {0x10, "STATX_GID"},       {0x20, "STATX_ATIME"},        {0x40, "STATX_MTIME"},
    {0x80, "STATX_CTIME"},     {0x100, "STATX_INO"},         {0x200, "STATX_SIZE"},
    {0x400, "STATX_BLOCKS"},   {0x800, "STATX_BTIME"},       {0x1000, "STATX_MNT_ID"},
    {0x2000, "STATX_DIOALIGN"}};
constexpr Name kStatxAttributes[] = {
    {4, "STATX_ATTR_COMPRESSED"},      {0x10, "STATX_ATTR_IMMUTABLE"},
    {0x20, "STATX_ATTR_APPEND"},       {0x40, "STATX_ATTR_NODUMP"},
    {0x800, "STATX_ATTR_ENCRYPTED"},   {0x1000, "STATX_ATTR_AUTOMOUNT"},
    {0x2000, "STATX_ATTR_MOUNT_ROOT"}, {0x100000, "STATX_ATTR_VERITY"},
    {0x200000, "STATX_ATTR_DAX"}};
constexpr Name kCloexec[] = {NAMED(O_CLOEXEC)};

constexpr Name kAccessAt[] = {
    NAMED(AT_SYMLINK_NOFOLLOW), {0x200, "AT_EACCESS"}, {0x1000, "AT_EMPTY_PATH"}};
constexpr Name kFileSystem[] = {{0xef53, "EXT2_SUPER_MAGIC"},
                                {0x01021994, "TMPFS_MAGIC"},
                                {0x9fa0, "PROC_SUPER_MAGIC"},
                                {0x62656572, "SYSFS_MAGIC"},
                                {0x27e0eb, "CGROUP_SUPER_MAGIC"},
                                {0x63677270, "CGROUP2_SUPER_MAGIC"},
                                {0x58465342, "XFS_SUPER_MAGIC"},
                                {0x9123683e, "BTRFS_SUPER_MAGIC"},
                                {0x794c7630, "OVERLAYFS_SUPER_MAGIC"},
                                {0x6969, "NFS_SUPER_MAGIC"},
                                {0x4d44, "MSDOS_SUPER_MAGIC"},
                                {0x1cd1, "DEVPTS_SUPER_MAGIC"},
                                {0x64626720, "DEBUGFS_MAGIC"},
                                {0x74726163, "TRACEFS_MAGIC"},
                                {0xcafe4a11, "BPF_FS_MAGIC"},
                                {0x73717368, "SQUASHFS_MAGIC"},
                                {0x65735546, "FUSE_SUPER_MAGIC"},
                                {0x858458f6, "RAMFS_MAGIC"},
                                {0x6e736673, "NSFS_MAGIC"},
                                {0x50495045, "PIPEFS_MAGIC"},
                                {0x534f434b, "SOCKFS_MAGIC"}};
constexpr Name kMountFlags[] = {
    {0x20, "ST_VALID"},      {1, "ST_RDONLY"},          {2, "ST_NOSUID"},
    {4, "ST_NODEV"},         {8, "ST_NOEXEC"},          {0x10, "ST_SYNCHRONOUS"},
    {0x40, "ST_MANDLOCK"},   {0x400, "ST_NOATIME"},     {0x800, "ST_NODIRATIME"},
    {0x1000, "ST_RELATIME"}, {0x2000, "ST_NOSYMFOLLOW"}};

constexpr NamedKind kKinds[] = {
    {Arg::pipe_flags, kPipe, true, "O_???"},
    {Arg::dup_flags, kCloexec, true, "O_???"},
    {Arg::access_mode, kAccess, true, "?_OK", "F_OK"},
    {Arg::at_flags, kAt, true, "AT_???"},
    {Arg::mmap_prot, kProt, true, "PROT_???", "PROT_NONE"},
    {Arg::madvise_advice, kAdvice, false, "MADV_???"},
    {Arg::fadvise_advice, kFadvise, false, "POSIX_FADV_???"},
    {Arg::fallocate_mode, kFallocate, true, "FALLOC_FL_???"},
    {Arg::flock_operation, kFlock, true, "LOCK_???"},
    {Arg::mremap_flags, kMremap, true, "MREMAP_???"},
    {Arg::msync_flags, kMsync, true, "MS_???"},
    {Arg::memfd_flags, kMemfd, true, "MFD_???"},
    {Arg::rename_flags, kRename, true, "RENAME_???"},
    {Arg::umount_flags, kUmount, true, "MNT_???"},
    {Arg::read_write_flags, kPreadWrite, true, "RWF_???"},
    {Arg::close_range_flags, kClosing, true, "CLOSE_RANGE_???"},
    {Arg::resolve_flags, kResolve, true, "RESOLVE_???"},
    {Arg::access_flags, kAccessAt, true, "AT_???"},
    {Arg::file_system_type, kFileSystem, false, "???_MAGIC"},
    {Arg::file_system_flags, kMountFlags, true, "ST_???"},
    {Arg::statx_mask, kStatxMask, true, "STATX_???"},
    {Arg::statx_attributes, kStatxAttributes, true, "STATX_ATTR_???"},
    {Arg::whence, kWhence, false, "SEEK_???"},
    {Arg::clock, kClock, false, "CLOCK_???"},
    {Arg::resource, kResource, false, "RLIMIT_???"},
    {Arg::fcntl_command, kFcntl, false, "F_???"},
    {Arg::random_flags, kRandom, true, "GRND_???"},
    {Arg::prctl_option, kPrctl, false, "PR_???"},
    {Arg::arch_prctl_option, kArchPrctl, false, "ARCH_???"},
    {Arg::ioctl_request, kIoctl, false, {}},
};

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

std::string statx_flags(std::uint64_t value) {
  constexpr std::uint64_t kSync = 0x6000;
  std::string text = (value & kSync) == 0 ? "AT_STATX_SYNC_AS_STAT" : "";
  add_bits(text, kAt, value);
  return text;
}

std::string named_file_value(Arg kind, std::uint64_t value) {
  return named_by(kKinds, kind, value);
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
  return text + fmt::format("{:#03o}", mode & 0777);
}

std::string named_value(Arg kind, std::uint64_t value) {
  switch (kind) {
    case Arg::open_flags:
      return open_flags(value);
    case Arg::statx_flags:
      return statx_flags(value & 0xffffffff);
    case Arg::mmap_flags:
      return mmap_flags(value);
    case Arg::signal:
      return signal_name(static_cast<int>(value));
    default:
      break;
  }
  for (const auto named : {named_file_value, named_socket_value, named_process_value}) {
    if (std::string text = named(kind, value); !text.empty()) return text;
  }
  return {};
}

}  // namespace sonde::syscalls
