// Opcodes of io_uring up to Linux 6.18: enum io_uring_op of include/uapi/linux/io_uring.h. They are
// the same on every architecture.
#include "syscalls/abi.hpp"

namespace sonde::syscalls {
namespace {

// clang-format off
constexpr std::string_view kOperations[] = {
    "nop", "readv", "writev", "fsync", "read_fixed", "write_fixed", "poll_add", "poll_remove",
    "sync_file_range", "sendmsg", "recvmsg", "timeout", "timeout_remove", "accept",
    "async_cancel", "link_timeout", "connect", "fallocate", "openat", "close", "files_update",
    "statx", "read", "write", "fadvise", "madvise", "send", "recv", "openat2", "epoll_ctl",
    "splice", "provide_buffers", "remove_buffers", "tee", "shutdown", "renameat", "unlinkat",
    "mkdirat", "symlinkat", "linkat", "msg_ring", "fsetxattr", "setxattr", "fgetxattr",
    "getxattr", "socket", "uring_cmd", "send_zc", "sendmsg_zc", "read_multishot", "waitid",
    "futex_wait", "futex_wake", "futex_waitv", "fixed_fd_install", "ftruncate", "bind", "listen",
    "recv_zc", "epoll_wait", "readv_fixed", "writev_fixed", "pipe",
};
// clang-format on

}  // namespace

std::span<const std::string_view> uring_names() noexcept {
  return kOperations;
}

}  // namespace sonde::syscalls
