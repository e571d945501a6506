// What the arguments of each call are. One row drives both what the kernel reads and how it is
// printed.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sonde::syscalls {

enum class Arg : std::uint8_t {
  none,
  integer,
  number,  // unsigned
  hex,
  pointer,
  octal_mode,
  open_mode,  // shown only if the call creates a file
  fd,
  dirfd,
  path,         // read
  strings,      // argv
  environment,  // counted as strace does
  buffer_in,    // as long as the next argument says
  buffer_out,   // as long as the result says
  text_out,     // zero-terminated, written by the call
  open_flags,
  access_mode,
  at_flags,
  mmap_prot,
  mmap_flags,
  madvise_advice,
  whence,
  signal,
  clock,
  socket_domain,
  socket_type,
  address_in,   // struct sockaddr as long as the next argument says
  address_out,  // struct sockaddr, its length behind the next argument
  length_at,    // socklen_t *
  message_flags,
  socket_level,
  stat_out,
  timespec_in,
  timespec_out,
  rlimit_out,
  rlimit_in,
  resource,
  fd_pair_out,
  fcntl_command,
  fcntl_argument,  // named by the command before it
  futex_operation,
  pipe_flags,
  epoll_command,
  wait_status_out,
  clone_flags,
  sigprocmask_how,
  utsname_out,
  random_flags,
  prctl_option,
  ioctl_request,
  access_flags,
  scheduler_policy,
  epoll_change,    // struct epoll_event, unless the command before it removes
  prctl_argument,  // a name, a signal or a number, as the option says
  prctl_rest,      // shown only if the option takes more than one
  ioctl_argument,  // some point to a number or to a struct
  number_at,       // int *
  number_at_out,   // filled by the call
  timeval_out,
  file_system_out,  // struct statfs
  mremap_address,   // shown only if the flags before it ask for it
  hidden,           // the upper half of an argument that 64-bit programs give in one
  // Flags and choices by name.
  dup_flags,
  fadvise_advice,
  fallocate_mode,
  flock_operation,
  mremap_flags,
  msync_flags,
  memfd_flags,
  rename_flags,
  umount_flags,
  read_write_flags,
  close_range_flags,
  resolve_flags,
  file_system_type,
  file_system_flags,
  statx_flags,
  statx_mask,
  statx_attributes,
  arch_prctl_option,
  socket_protocol,  // of the domain two arguments before it
  socket_option,    // of the level before it
  shutdown_how,
  epoll_flags,
  epoll_events,
  poll_events,
  eventfd_flags,
  inotify_flags,
  inotify_mask,
  timerfd_flags,
  timerfd_set_flags,
  signalfd_flags,
  signal_flags,
  signal_stack_flags,
  wait_options,
  wait_id_type,
  child_code,
  usage_who,
  priority_which,
  interval_timer,
  sleep_flags,
  // clone(): what the others are depends on the flags.
  clone_stack,
  clone_parent,
  clone_child,
  clone_tls,
  // futex(): the same for its operation.
  futex_value,
  futex_timeout,
  futex_other,
  futex_value_3,
  // What arguments point to.
  vector_in,      // struct iovec, as many as the next argument says
  vector_out,     // filled by the call
  message_in,     // struct msghdr
  message_out,    // filled by the call
  messages_in,    // struct mmsghdr, as many as the next argument says
  messages_out,   // filled by the call: as many as the result says
  option_in,      // of a socket, named by the two arguments before; the next is its length
  option_out,     // its length is behind the next argument
  signal_set_in,  // sigset_t
  signal_set_out,
  signal_set_argument,  // pselect6: a set and its size in a struct
  signal_action_in,
  signal_action_out,
  signal_stack_in,
  signal_stack_out,
  polled,       // struct pollfd, as many as the next argument says
  selected_in,  // fd_set, as many bits as the first argument says
  selected_out,
  selected_except,
  select_timeout,    // struct timeval, what is left of it is written back
  pselect_timeout,   // struct timespec, likewise
  epoll_events_out,  // as many as the result says
  statx_out,
  signal_info_out,
  usage_out,
  timer_in,  // struct itimerval
  timer_out,
  timer_spec_in,  // struct itimerspec
  timer_spec_out,
  file_times_in,
  open_how_in,
  clone_arguments_in,
  cpus_out,
  system_info_out,
  random_out,
};

enum class Returned : std::uint8_t {
  integer,
  hex,
  octal,
  fd,
  fcntl,  // named by the command
};

struct Signature {
  std::string_view name;
  std::array<Arg, 6> arguments{};
  Returned returned = Returned::integer;
};

/// nullptr for a call whose arguments are not known by name.
const Signature* find_signature(std::string_view name) noexcept;

}  // namespace sonde::syscalls
