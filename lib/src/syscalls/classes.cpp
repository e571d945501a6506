#include "syscalls/classes.hpp"

namespace sonde::syscalls {
namespace {

// clang-format off
constexpr std::string_view kFile[] = {
    "access", "acct", "chdir", "chmod", "chown", "chown32", "chroot", "creat", "execve",
    "execveat", "faccessat", "faccessat2", "fanotify_mark", "fchmodat", "fchmodat2", "fchownat",
    "file_getattr", "file_setattr", "fsconfig", "fspick", "fstatat64", "futimesat", "getcwd",
    "getxattr", "getxattrat", "inotify_add_watch", "lchown", "lchown32", "lgetxattr", "link",
    "linkat", "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lsetxattr", "lstat",
    "lstat64", "mkdir", "mkdirat", "mknod", "mknodat", "mount", "mount_setattr", "move_mount",
    "name_to_handle_at", "newfstatat", "oldlstat", "oldstat", "open", "open_tree",
    "open_tree_attr", "openat", "openat2", "pivot_root", "quotactl", "readlink", "readlinkat",
    "removexattr", "removexattrat", "rename", "renameat", "renameat2", "rmdir", "setxattr",
    "setxattrat", "stat", "stat64", "statfs", "statfs64", "statx", "swapoff", "swapon", "symlink",
    "symlinkat", "truncate", "truncate64", "umount", "umount2", "unlink", "unlinkat", "uselib",
    "utime", "utimensat", "utimensat_time64", "utimes",
};
constexpr std::string_view kDesc[] = {
    "_llseek", "bpf", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3",
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
    "eventfd", "eventfd2", "fadvise64", "fadvise64_64", "fallocate", "fanotify_init",
    "fanotify_mark", "fchdir", "fchmod", "fchown", "fchown32", "fcntl", "fcntl64", "fdatasync",
    "fgetxattr", "finit_module", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fsmount",
    "fsopen", "fstat", "fstat64", "fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64",
    "getdents", "getdents64", "inotify_init", "inotify_init1", "inotify_rm_watch",
    "io_uring_enter", "io_uring_register", "io_uring_setup", "ioctl", "kcmp", "landlock_add_rule",
    "landlock_create_ruleset", "landlock_restrict_self", "lseek", "memfd_create", "memfd_secret",
    "mmap", "mmap2", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend",
    "open", "openat", "openat2", "perf_event_open", "pidfd_getfd", "pidfd_open",
    "pidfd_send_signal", "pipe", "pipe2", "poll", "ppoll", "ppoll_time64", "pread64", "preadv",
    "preadv2", "pselect6", "pselect6_time64", "pwrite64", "pwritev", "pwritev2", "read",
    "readahead", "readv", "recvfrom", "recvmmsg", "recvmsg", "select", "sendfile",
    "sendfile64", "sendmmsg", "sendmsg", "sendto", "setns", "signalfd", "signalfd4", "splice",
    "sync_file_range", "syncfs", "tee", "timerfd_create", "timerfd_gettime", "timerfd_settime",
    "userfaultfd", "vmsplice", "write", "writev",
};
constexpr std::string_view kNetwork[] = {
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "sendfile",
    "sendfile64", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socket",
    "socketcall", "socketpair",
};
constexpr std::string_view kProcess[] = {
    "arch_prctl", "clone", "clone3", "execve", "execveat", "exit", "exit_group", "fork", "kill",
    "pidfd_open", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tgkill", "tkill",
    "unshare", "vfork", "wait4", "waitid", "waitpid",
};
constexpr std::string_view kMemory[] = {
    "break", "brk", "cachestat", "get_mempolicy", "madvise", "map_shadow_stack", "mbind",
    "migrate_pages", "mincore", "mlock", "mlock2", "mlockall", "mmap", "mmap2", "move_pages",
    "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall", "munmap", "pkey_alloc",
    "pkey_free", "pkey_mprotect", "process_madvise", "process_mrelease", "remap_file_pages",
    "set_mempolicy", "set_mempolicy_home_node", "shmat", "shmdt",
};
constexpr std::string_view kSignal[] = {
    "kill", "pause", "pidfd_send_signal", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
    "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
    "rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sgetmask", "sigaction", "sigaltstack",
    "signal", "signalfd", "signalfd4", "sigpending", "sigprocmask", "sigreturn", "sigsuspend",
    "ssetmask", "tgkill", "tkill",
};
constexpr std::string_view kIpc[] = {
    "ipc", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop",
    "semtimedop_time64", "shmat", "shmctl", "shmdt", "shmget",
};
constexpr std::string_view kClock[] = {
    "adjtimex", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64",
    "clock_gettime", "clock_gettime64", "clock_settime", "clock_settime64", "gettimeofday",
    "settimeofday", "stime", "time",
};
constexpr std::string_view kCreds[] = {
    "capget", "capset", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32",
    "getgroups", "getgroups32", "getresgid", "getresgid32", "getresuid", "getresuid32", "getuid",
    "getuid32", "prctl", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32",
    "setgroups", "setgroups32", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid",
    "setresuid32", "setreuid", "setreuid32", "setuid", "setuid32",
};
constexpr std::string_view kStat[] = {
    "fstat", "fstat64", "fstatat64", "lstat", "lstat64", "newfstatat", "oldfstat", "oldlstat",
    "oldstat", "stat", "stat64", "statx",
};
// clang-format on

constexpr CallClass kClasses[] = {
    {"clock", kClock},   {"creds", kCreds},   {"desc", kDesc},       {"file", kFile},
    {"ipc", kIpc},       {"memory", kMemory}, {"network", kNetwork}, {"process", kProcess},
    {"signal", kSignal}, {"stat", kStat},
};

}  // namespace

std::span<const CallClass> call_classes() noexcept {
  return kClasses;
}

}  // namespace sonde::syscalls
