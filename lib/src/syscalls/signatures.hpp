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
};

enum class Returned : std::uint8_t { integer, hex };

struct Signature {
  std::string_view name;
  std::array<Arg, 6> arguments{};
  Returned returned = Returned::integer;
};

/// nullptr for a call whose arguments are not known by name.
const Signature* find_signature(std::string_view name) noexcept;

}  // namespace sonde::syscalls
