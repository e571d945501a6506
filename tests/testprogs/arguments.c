/* Calls whose arguments point to structs, arrays and flags, for who shows them: each is the same in
 * every run but for addresses, pids and times. Made with syscall(), so that no library changes
 * them. `arguments FILE` uses FILE, and removes it; `arguments long` makes calls with long arrays.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct timespec none, a_while = {.tv_nsec = 2000000};

static void vectors(const char* path) {
  char three[] = "one", four[] = "four", first[8], second[300];
  const struct iovec parts[] = {{three, 3}, {NULL, 0}, {four, 4}};
  const struct iovec into[] = {{first, 5}, {second, sizeof(second)}};
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  syscall(SYS_writev, fd, parts, 3L);
  syscall(SYS_pwritev, fd, parts, 1L, 7L, 0L);
  syscall(SYS_pwritev2, fd, parts, 1L, 7L, 0L, RWF_DSYNC);
  syscall(SYS_preadv, fd, into, 2L, 1L, 0L);
  syscall(SYS_lseek, fd, 0L, SEEK_SET);
  syscall(SYS_readv, fd, into, 2L);
  syscall(SYS_readv, fd, into, 2L);
  syscall(SYS_readv, -1, into, 2L);
  syscall(SYS_writev, fd, NULL, 2L);
  syscall(SYS_writev, fd, parts, 0L);
  syscall(SYS_fcntl, fd, F_GETFD, (void*)0x1234);
  syscall(SYS_fcntl, fd, F_GETFL, (void*)0x1234);
  syscall(SYS_fcntl, fd, F_SETFD, 0L);
  syscall(SYS_fcntl, fd, F_SETFD, (long)FD_CLOEXEC);
  syscall(SYS_fcntl, fd, F_SETFL, (long)(O_APPEND | O_NONBLOCK));
  syscall(SYS_fcntl, fd, F_SETFL, 0L);
  syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 40L);
  syscall(SYS_fcntl, fd, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_start = 3, .l_len = 2});
  syscall(SYS_dup3, fd, 41L, O_CLOEXEC);
  syscall(SYS_flock, fd, LOCK_EX | LOCK_NB);
  syscall(SYS_fadvise64, fd, 0L, 0L, POSIX_FADV_SEQUENTIAL);
  syscall(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, 0L, 100L);
  syscall(SYS_close, fd);
}

static void messages(void) {
  const struct sockaddr_in here = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_un from;
  char hello[] = "hello", world[] = " world", buffer[64], space[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec parts[] = {{hello, 5}, {world, 6}}, into[] = {{buffer, 3}, {buffer + 3, 50}};
  struct msghdr out = {.msg_iov = parts, .msg_iovlen = 2};
  struct msghdr in = {
      .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = into, .msg_iovlen = 2};
  struct cmsghdr* rights;
  struct mmsghdr two[2] = {{.msg_hdr = out}, {.msg_hdr = out}};
  int pair[2], one = 1, fd;
  const struct linger linger = {1, 5};
  const struct timeval timeout = {.tv_sec = 3};
  socklen_t length = sizeof(one);
  char congestion[16];

  syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
  syscall(SYS_sendmsg, pair[0], &out, MSG_NOSIGNAL);
  syscall(SYS_recvmsg, pair[1], &in, 0);
  in.msg_namelen = 12;
  syscall(SYS_recvmsg, pair[1], &in, MSG_DONTWAIT | MSG_PEEK);
  out.msg_control = space;
  out.msg_controllen = sizeof(space);
  rights = CMSG_FIRSTHDR(&out);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(rights), &one, sizeof(one));
  syscall(SYS_sendmsg, pair[0], &out, 0);
  memset(space, 0, sizeof(space));
  in.msg_control = space;
  in.msg_controllen = sizeof(space);
  syscall(SYS_recvmsg, pair[1], &in, MSG_CMSG_CLOEXEC);
  syscall(SYS_sendmmsg, pair[0], two, 2, 0);
  for (int i = 0; i < 2; i++)
    two[i].msg_hdr = (struct msghdr){.msg_iov = into, .msg_iovlen = 2};
  syscall(SYS_recvmmsg, pair[1], two, 2, 0, NULL);
  syscall(SYS_sendmsg, pair[0], (void*)8, 0);
  syscall(SYS_sendto, pair[0], hello, 5L, MSG_DONTWAIT, NULL, 0);
  syscall(SYS_shutdown, pair[0], SHUT_RDWR);

  fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  syscall(SYS_socket, AF_INET, SOCK_DGRAM, IPPROTO_IP);
  syscall(SYS_socket, AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
  syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
  syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
  syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
  syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO_OLD, &timeout, sizeof(timeout));
  syscall(SYS_setsockopt, fd, SOL_TCP, TCP_NODELAY, &one, sizeof(one));
  syscall(SYS_setsockopt, fd, SOL_TCP, TCP_CONGESTION, "cubic", 5);
  syscall(SYS_setsockopt, fd, SOL_IP, IP_TOS, &one, sizeof(one));
  syscall(SYS_setsockopt, fd, SOL_IPV6, IPV6_V6ONLY, &one, sizeof(one));
  syscall(SYS_setsockopt, -1, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
  syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &one, &length);
  syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &one, &length);
  syscall(SYS_getsockopt, fd, SOL_TCP, TCP_MAXSEG, &one, &length);
  length = sizeof(congestion);
  syscall(SYS_getsockopt, fd, SOL_TCP, TCP_CONGESTION, congestion, &length);
  syscall(SYS_getsockopt, -1, SOL_SOCKET, SO_RCVBUF, &one, &length);
  syscall(SYS_bind, fd, &here, sizeof(here));
  length = sizeof(from);
  syscall(SYS_getsockname, pair[0], &from, &length);
  syscall(SYS_listen, fd, 5);
  syscall(SYS_accept4, fd, NULL, NULL, SOCK_CLOEXEC);
}

static void waiting(void) {
  int ends[2], epoll, ready;
  struct pollfd two[2];
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 7}, events[4];
  fd_set read, written;
  sigset_t set;
  struct {
    const sigset_t* set;
    size_t size;
  } mask = {&set, 8};

  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGCHLD);
  syscall(SYS_pipe2, ends, O_CLOEXEC);
  two[0] = (struct pollfd){ends[0], POLLIN | POLLPRI, 0};
  two[1] = (struct pollfd){ends[1], POLLOUT, 0};
  syscall(SYS_poll, two, 1L, 0);
  syscall(SYS_poll, two, 2L, 10);
  syscall(SYS_write, ends[1], "x", 1L);
  syscall(SYS_poll, two, 2L, -1);
  syscall(SYS_poll, NULL, 0L, 1);
  syscall(SYS_ppoll, two, 2L, &a_while, &set, 8L);
  syscall(SYS_ppoll, two, 1L, NULL, NULL, 8L);
  FD_ZERO(&read);
  FD_ZERO(&written);
  FD_SET(ends[0], &read);
  FD_SET(ends[1], &written);
  syscall(SYS_select, ends[1] + 1, &read, &written, NULL, &(struct timeval){.tv_sec = 5});
  FD_SET(ends[1], &read);
  syscall(SYS_pselect6, ends[1] + 1, &read, NULL, NULL, &none, &mask);
  FD_ZERO(&read);
  syscall(SYS_select, 5, &read, NULL, NULL, &(struct timeval){.tv_usec = 1000});
  syscall(SYS_pselect6, 0, NULL, NULL, NULL, &a_while, NULL);
  epoll = (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
  syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], &event);
  syscall(SYS_epoll_wait, epoll, events, 4, 100);
  syscall(SYS_epoll_wait, epoll, events, 4, 0);
  syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, ends[0], &event);
  syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, ends[0], NULL);
  syscall(SYS_ioctl, ends[0], FIONREAD, &ready);
  syscall(SYS_epoll_pwait, epoll, events, 4, 0, &set, 8L);
  syscall(SYS_eventfd2, 3, EFD_CLOEXEC | EFD_NONBLOCK);
  syscall(SYS_inotify_init1, IN_CLOEXEC);
  syscall(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  syscall(SYS_signalfd4, -1, &set, 8L, SFD_CLOEXEC);
}

static void on_signal(int number) {
  (void)number;
}

static void signals(void) {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
  } action = {on_signal, SA_RESTART, NULL, 1u << (SIGTERM - 1)}, old;
  uint64_t mask = 1u << (SIGUSR2 - 1) | 1u << (SIGALRM - 1), before, all = ~UINT64_C(0), no = 0;
  stack_t stack;

  syscall(SYS_rt_sigaction, SIGUSR1, &action, &old, 8L);
  syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8L);
  action.handler = SIG_IGN;
  action.flags = SA_SIGINFO | SA_NODEFER;
  syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8L);
  syscall(SYS_rt_sigaction, SIGKILL, &action, NULL, 8L);
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &before, 8L);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, 8L);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no, NULL, 8L);
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &before, 8L);
  syscall(SYS_rt_sigprocmask, 17, &mask, NULL, 8L);
  syscall(SYS_rt_sigpending, &before, 8L);
  syscall(SYS_rt_sigtimedwait, &mask, NULL, &none, 8L);
  syscall(SYS_sigaltstack, NULL, &stack);
  syscall(SYS_setitimer, ITIMER_REAL, &(struct itimerval){.it_value.tv_sec = 100}, NULL);
  syscall(SYS_setitimer, ITIMER_REAL, &(struct itimerval){.it_value.tv_sec = 0}, NULL);
}

static pid_t child(int how) {
  pid_t pid = (pid_t)syscall(SYS_fork);

  if (pid == 0) {
    if (how < 0) syscall(SYS_kill, syscall(SYS_getpid), -how);
    syscall(SYS_exit_group, how);
  }
  return pid;
}

static void processes(void) {
  int status;
  siginfo_t info = {0};
  struct rusage usage;

  child(7);
  syscall(SYS_wait4, -1, &status, 0, NULL);
  child(-SIGTERM);
  syscall(SYS_wait4, -1, &status, __WALL, &usage);
  syscall(SYS_wait4, -1, &status, WNOHANG | WUNTRACED, NULL);
  child(3);
  syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOWAIT, NULL);
  syscall(SYS_waitid, P_ALL, 0, NULL, WEXITED, NULL);
  child(-SIGHUP);
  syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WSTOPPED, NULL);
  syscall(SYS_waitid, P_PID, 1, &info, WEXITED | WNOHANG, NULL);
}

static void others(const char* path) {
  uint32_t word = 1, other = 1;
  struct statx status;
  struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
  struct rlimit limit;
  void* page;
  cpu_set_t cpus;
  char name[16];
  struct timespec left;
  struct statfs space;

  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
  syscall(SYS_futex, &word, FUTEX_WAKE, INT32_MAX);
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL);
  syscall(SYS_futex, &word, FUTEX_WAIT, 1, &a_while);
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, NULL, NULL,
          FUTEX_BITSET_MATCH_ANY);
  syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, INT32_MAX, &other, 1);
  syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 1, 2, &other);
  syscall(SYS_statx, AT_FDCWD, path, AT_STATX_SYNC_AS_STAT | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
          &status);
  syscall(SYS_statx, AT_FDCWD, "/dev/null", AT_SYMLINK_NOFOLLOW, STATX_MODE | STATX_SIZE, &status);
  syscall(SYS_statx, AT_FDCWD, "/no/such/file", AT_STATX_DONT_SYNC, STATX_ALL, &status);
  syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
  syscall(SYS_utimensat, AT_FDCWD, path, times, 0);
  syscall(SYS_utimensat, AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
  syscall(SYS_memfd_create, "name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  page = (void*)syscall(SYS_mmap, NULL, 8192L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0L);
  syscall(SYS_mprotect, page, 8192L, PROT_READ);
  syscall(SYS_msync, page, 4096L, MS_SYNC);
  syscall(SYS_madvise, page, 4096L, MADV_DONTNEED);
  page = (void*)syscall(SYS_mremap, page, 8192L, 16384L, MREMAP_MAYMOVE);
  syscall(SYS_munmap, page, 16384L);
  syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
  syscall(SYS_getrusage, RUSAGE_SELF, NULL);
  syscall(SYS_sched_getaffinity, 0, sizeof(cpus), &cpus);
  syscall(SYS_renameat2, AT_FDCWD, "/no/such", AT_FDCWD, "/no/such/file", RENAME_NOREPLACE);
  syscall(SYS_umount2, "/no/such", MNT_DETACH);
  syscall(SYS_getpriority, PRIO_PROCESS, 0);
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &none, NULL);
  syscall(SYS_prctl, PR_SET_NAME, "named", 1, 2, 3);
  syscall(SYS_prctl, PR_GET_NAME, name, 1, 2, 3);
  syscall(SYS_prctl, PR_SET_PDEATHSIG, 0, 1, 2, 3);
  syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall(SYS_umask, 022);
  syscall(SYS_umask, 0);
  syscall(SYS_umask, 0777);
  syscall(SYS_mkdirat, AT_FDCWD, "/no/such/folder", 07);
  syscall(SYS_faccessat2, AT_FDCWD, "/", X_OK, AT_EACCESS);
  syscall(SYS_ioctl, -1, FIONBIO, &word);
  syscall(SYS_ioctl, 0, FIOCLEX);
  syscall(SYS_nanosleep, &a_while, &left);
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &a_while, &left);
  syscall(SYS_statfs, "/dev", &space);
  syscall(SYS_sched_get_priority_max, SCHED_FIFO);
  syscall(SYS_sched_getparam, 0, &word);
  syscall(SYS_sched_getscheduler, 0);
  syscall(SYS_unshare, CLONE_FILES);
  syscall(SYS_syncfs, -1);
  syscall(SYS_unlink, path);
}

/* Arrays that are longer than a tracer wants to show, and more than it has room for. */
static void long_ones(void) {
  static char large[40][4000];
  struct iovec parts[40];
  char* strings[41];

  for (int i = 0; i < 40; i++) {
    memset(large[i], 'a' + i % 26, sizeof(large[i]) - 1);
    strings[i] = large[i] + sizeof(large[i]) - 2;
    parts[i] = (struct iovec){large[i], 4000};
  }
  strings[40] = NULL;
  syscall(SYS_execve, "/no/such/program", strings, NULL);
  strings[32] = NULL;
  syscall(SYS_execve, "/no/such/program", strings, NULL);
  syscall(SYS_writev, -1, parts, 40L);
  syscall(SYS_writev, -1, parts, 32L);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (!strcmp(argv[1], "long")) {
    long_ones();
    return 0;
  }
  vectors(argv[1]);
  messages();
  waiting();
  signals();
  processes();
  others(argv[1]);
  return 0;
}
