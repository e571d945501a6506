#include "syscalls/dependent_arguments.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include <asm/ioctls.h>

#include <array>

#include "syscalls/argument_text.hpp"
#include "syscalls/flag_names.hpp"
#include "syscalls/socket_names.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {
namespace {

constexpr int kFutexLockPi2 = 13;  // since 5.14

// What fcntl() does with its third argument depends on the second.
bool fcntl_takes_argument(std::uint64_t command) {
  return command != F_GETFD && command != F_GETFL && command != F_GETOWN &&
         command != F_GETPIPE_SZ && command != F_GET_SEALS;
}

bool is_lock(std::uint64_t command) {
  constexpr std::uint64_t kFirstOfd = 36, kLastOfd = 38;
  return (command >= F_GETLK && command <= F_SETLKW) ||
         (command >= kFirstOfd && command <= kLastOfd);
}

// F_GETLK says who holds the lock.
std::string lock_text(const Call& call, std::uint64_t command) {
  const ArgumentPieces pieces(call.pieces, 2);
  const Piece* const answer = command == F_GETLK ? pieces.at_end() : nullptr;
  const Piece* const piece = answer != nullptr ? answer : pieces.any();
  return piece == nullptr ? address_text(call.args[2])
                          : lock_struct_text(piece->bytes, answer != nullptr);
}

std::string fcntl_argument(const Call& call) {
  const std::uint64_t command = call.args[1], value = call.args[2];
  if (command == F_SETFL) return named_value(Arg::open_flags, value);
  if (command == F_SETFD && value == FD_CLOEXEC) return "FD_CLOEXEC";
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) return fmt::format("{}", value);
  if (is_lock(command)) return lock_text(call, command);
  return value == 0 ? std::string("0") : fmt::format("{:#x}", value);
}

// Which of the later arguments of futex() an operation takes.
bool futex_takes(std::uint64_t operation, Arg kind) {
  switch (operation & 0x7f) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
      return kind == Arg::futex_value || kind == Arg::futex_timeout ||
             (kind == Arg::futex_value_3 && (operation & 0x7f) == FUTEX_WAIT_BITSET);
    case FUTEX_LOCK_PI:
    case kFutexLockPi2:
      return kind == Arg::futex_timeout;
    case FUTEX_WAKE:
    case FUTEX_FD:
      return kind == Arg::futex_value;
    case FUTEX_WAKE_BITSET:
      return kind == Arg::futex_value || kind == Arg::futex_value_3;
    case FUTEX_TRYLOCK_PI:
    case FUTEX_UNLOCK_PI:
      return false;
    case FUTEX_REQUEUE:
    case FUTEX_WAIT_REQUEUE_PI:
      return kind != Arg::futex_value_3;
    default:
      return true;
  }
}

// The fourth argument is a second value for the operations that move waiters.
bool futex_waits(std::uint64_t operation) {
  switch (operation & 0x7f) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAIT_REQUEUE_PI:
    case FUTEX_LOCK_PI:
    case kFutexLockPi2:
      return true;
    default:
      return false;
  }
}

std::string futex_argument(const Call& call, Arg kind, std::size_t argument) {
  const std::uint64_t value = call.args[argument];
  switch (kind) {
    case Arg::futex_timeout:
      if (futex_waits(call.args[1])) return memory_text(call, kind, argument);
      return fmt::format("{}", static_cast<std::uint32_t>(value));
    case Arg::futex_value_3: {
      const auto low = static_cast<std::uint32_t>(value);
      const bool bits =
          (call.args[1] & 0x7f) == FUTEX_WAIT_BITSET || (call.args[1] & 0x7f) == FUTEX_WAKE_BITSET;
      if (!bits) return fmt::format("{}", low);
      return low == FUTEX_BITSET_MATCH_ANY ? "FUTEX_BITSET_MATCH_ANY" : fmt::format("{:#x}", low);
    }
    case Arg::futex_other:
      return address_text(value);
    default:
      return fmt::format("{}", static_cast<std::uint32_t>(value));
  }
}

// How many arguments an option takes; of those not known here all are shown.
int prctl_takes(std::uint64_t option) {
  switch (option) {
    case PR_GET_DUMPABLE:
    case PR_GET_KEEPCAPS:
    case PR_GET_TIMERSLACK:
      return 0;
    case PR_SET_NAME:
    case PR_GET_NAME:
    case PR_SET_PDEATHSIG:
    case PR_GET_PDEATHSIG:
    case PR_SET_KEEPCAPS:
    case PR_SET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER:
    case PR_CAPBSET_READ:
    case PR_CAPBSET_DROP:
      return 1;
    default:
      return 4;
  }
}

// A string at the begin for the options that set a name, at the end for those that ask for it.
std::string prctl_argument(const Call& call) {
  const std::uint64_t value = call.args[1];
  const ArgumentPieces pieces(call.pieces, 1);
  switch (call.args[0]) {
    case PR_SET_NAME:
    case PR_GET_NAME: {
      const Piece* const name = call.args[0] == PR_SET_NAME ? pieces.any() : pieces.at_end();
      if (name == nullptr) return address_text(value);
      return quoted(name->text().substr(0, name->text().find('\0')), name->cut());
    }
    case PR_SET_PDEATHSIG:
      return signal_name(static_cast<int>(value));
    case PR_SET_NO_NEW_PRIVS:
    case PR_SET_KEEPCAPS:
    case PR_SET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER:
      return fmt::format("{}", value);
    default:
      return value == 0 ? std::string("0") : fmt::format("{:#x}", value);
  }
}

std::string ioctl_argument(const Call& call) {
  const std::uint64_t value = call.args[2];
  const ArgumentPieces pieces(call.pieces, 2);
  const Piece* piece = nullptr;
  switch (call.args[1] & 0xffffffff) {
    case FIONBIO:
    case FIOASYNC:
    case TIOCSPGRP:
    case TIOCSPTLCK:
      piece = pieces.any();
      break;
    case FIONREAD:
    case TIOCGPGRP:
    case TIOCGPTN:
      piece = pieces.at_end();
      break;
    case TIOCGWINSZ:
    case TIOCSWINSZ: {
      std::array<std::uint16_t, 4> size = {};
      piece = (call.args[1] & 0xffffffff) == TIOCGWINSZ ? pieces.at_end() : pieces.any();
      if (piece == nullptr || !read_as(piece->bytes, size)) return address_text(value);
      return fmt::format("{{ws_row={}, ws_col={}, ws_xpixel={}, ws_ypixel={}}}", size[0], size[1],
                         size[2], size[3]);
    }
    case FIOCLEX:
    case FIONCLEX:
      return {};
    default:
      break;
  }
  std::int32_t number = 0;
  if (piece != nullptr && read_as(piece->bytes, number)) return fmt::format("[{}]", number);
  return value == 0 ? std::string("0") : fmt::format("{:#x}", value);
}

}  // namespace

std::vector<std::string> clone_arguments(const Call& call) {
  const std::uint64_t flags = call.args[0];
  std::vector<std::string> arguments = {"child_stack=" + address_text(call.args[1]),
                                        "flags=" + named_value(Arg::clone_flags, flags)};
  if ((flags & CLONE_PARENT_SETTID) != 0) {
    const Piece* const tid = ArgumentPieces(call.pieces, 2).at_end();
    std::int32_t number = 0;
    arguments.push_back("parent_tid=" + (tid != nullptr && read_as(tid->bytes, number)
                                             ? fmt::format("[{}]", number)
                                             : address_text(call.args[2])));
  }
  if ((flags & CLONE_SETTLS) != 0) arguments.push_back("tls=" + address_text(call.args[4]));
  if ((flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) != 0)
    arguments.push_back("child_tidptr=" + address_text(call.args[3]));
  return arguments;
}

std::optional<std::string> dependent_text(const Call& call, Arg kind, std::size_t i) {
  switch (kind) {
    case Arg::open_mode:
      return creates_file(call.args[i - 1]) ? argument_text(call, kind, i) : std::string();
    case Arg::fcntl_argument:
      return fcntl_takes_argument(call.args[i - 1]) ? fcntl_argument(call) : std::string();
    case Arg::futex_value:
    case Arg::futex_timeout:
    case Arg::futex_other:
    case Arg::futex_value_3:
      return futex_takes(call.args[1], kind) ? futex_argument(call, kind, i) : std::string();
    case Arg::prctl_argument:
      return prctl_takes(call.args[0]) > 0 ? prctl_argument(call) : std::string();
    case Arg::prctl_rest:
      return prctl_takes(call.args[0]) > 1 ? argument_text(call, Arg::hex, i) : std::string();
    case Arg::ioctl_argument:
      return ioctl_argument(call);
    case Arg::epoll_change:
      return call.args[1] == EPOLL_CTL_DEL ? address_text(call.args[i])
                                           : memory_text(call, kind, i);
    case Arg::mremap_address:
      return (call.args[i - 1] & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0
                 ? address_text(call.args[i])
                 : std::string();
    case Arg::socket_protocol:
      return socket_protocol(call.args[i - 2], call.args[i]);
    case Arg::socket_option:
      return socket_option(call.args[i - 1], call.args[i]);
    case Arg::hidden:
      return std::string();
    default:
      return {};
  }
}

}  // namespace sonde::syscalls
