#include "syscalls/event_structs.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "syscalls/flag_names.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {
namespace {

std::string signal_set(std::uint64_t set) {
  // Nearly full sets are shown by what is not in them.
  const bool inverted = std::popcount(set) >= 64 * 2 / 3;
  if (inverted) set = ~set;
  std::string text = inverted ? "~[" : "[";
  bool first = true;
  for (int number = 1; number <= 64; ++number) {
    if ((set >> (number - 1) & 1) == 0) continue;
    if (!first) text += ' ';
    text += signal_name(number).substr(3);
    first = false;
  }
  return text.append("]");
}

// As the kernel has it; that of the C library is laid out differently.
struct KernelSignalAction {
  std::uint64_t handler;
  std::uint64_t flags;
  std::uint64_t restorer;
  std::uint64_t mask;
};

std::string signal_action(std::span<const std::byte> bytes) {
  KernelSignalAction action = {};
  if (!read_as(bytes, action)) return {};
  constexpr std::uint64_t kRestorer = 0x04000000;
  const std::string handler = action.handler == 0   ? "SIG_DFL"
                              : action.handler == 1 ? "SIG_IGN"
                                                    : fmt::format("{:#x}", action.handler);
  std::string text =
      fmt::format("{{sa_handler={}, sa_mask={}, sa_flags={}", handler, signal_set(action.mask),
                  named_value(Arg::signal_flags, action.flags));
  if ((action.flags & kRestorer) != 0) text += fmt::format(", sa_restorer={:#x}", action.restorer);
  return text.append("}");
}

std::string signal_stack(std::span<const std::byte> bytes) {
  stack_t stack = {};
  if (!read_as(bytes, stack)) return {};
  return fmt::format(
      "{{ss_sp={}, ss_flags={}, ss_size={}}}",
      address_text(reinterpret_cast<std::uintptr_t>(stack.ss_sp)),
      named_value(Arg::signal_stack_flags, static_cast<std::uint32_t>(stack.ss_flags)),
      stack.ss_size);
}

std::string epoll_event_text(const epoll_event& event) {
  const std::uint64_t data = event.data.u64;
  return fmt::format("{{events={}, data={{u32={}, u64={}}}}}",
                     named_value(Arg::epoll_events, event.events), static_cast<std::uint32_t>(data),
                     data);
}

std::string epoll_events_text(std::span<const std::byte> bytes) {
  std::string text = "[";
  epoll_event event = {};
  for (; read_as(bytes, event); bytes = bytes.subspan(sizeof(event)))
    text += (text.size() > 1 ? ", " : "") + epoll_event_text(event);
  return text.append("]");
}

std::string interval_text(std::span<const std::byte> bytes, bool microseconds) {
  if (bytes.size() < 2 * sizeof(timespec)) return {};
  const auto half = [&](std::size_t from) {
    const auto part = bytes.subspan(from, sizeof(timespec));
    return microseconds ? timeval_text(part) : timespec_text(part);
  };
  return fmt::format("{{it_interval={}, it_value={}}}", half(0), half(sizeof(timespec)));
}

std::string file_time(const timespec& time) {
  constexpr long kNow = (1L << 30) - 1, kOmit = (1L << 30) - 2;
  if (time.tv_nsec == kNow) return "UTIME_NOW";
  if (time.tv_nsec == kOmit) return "UTIME_OMIT";
  return fmt::format("{{tv_sec={}, tv_nsec={}}}", time.tv_sec, time.tv_nsec);
}

std::string file_times(std::span<const std::byte> bytes) {
  std::array<timespec, 2> times = {};
  if (!read_as(bytes, times)) return {};
  return fmt::format("[{}, {}]", file_time(times[0]), file_time(times[1]));
}

}  // namespace

std::string event_struct_text(Arg kind, std::span<const std::byte> bytes) {
  switch (kind) {
    case Arg::signal_set_in:
    case Arg::signal_set_out: {
      std::uint64_t set = 0;
      return read_as(bytes, set) ? signal_set(set) : std::string();
    }
    case Arg::signal_action_in:
    case Arg::signal_action_out:
      return signal_action(bytes);
    case Arg::signal_stack_in:
    case Arg::signal_stack_out:
      return signal_stack(bytes);
    case Arg::epoll_change: {
      epoll_event event = {};
      return read_as(bytes, event) ? epoll_event_text(event) : std::string();
    }
    case Arg::epoll_events_out:
      return epoll_events_text(bytes);
    case Arg::timer_in:
    case Arg::timer_out:
      return interval_text(bytes, true);
    case Arg::timer_spec_in:
    case Arg::timer_spec_out:
      return interval_text(bytes, false);
    case Arg::file_times_in:
      return file_times(bytes);
    case Arg::select_timeout:
    case Arg::timeval_out:
      return timeval_text(bytes);
    case Arg::pselect_timeout:
    case Arg::futex_timeout:
      return timespec_text(bytes);
    default:
      return {};
  }
}

std::string polled_text(const Piece& piece) {
  std::string text = "[";
  std::span<const std::byte> rest = piece.bytes;
  pollfd polled = {};
  for (; read_as(rest, polled); rest = rest.subspan(sizeof(polled))) {
    if (text.size() > 1) text += ", ";
    text += fmt::format("{{fd={}", polled.fd);
    if (polled.fd >= 0) {
      text += fmt::format(", events={}",
                          named_value(Arg::poll_events, static_cast<std::uint16_t>(polled.events)));
    }
    text += "}";
  }
  return text.append(piece.cut() ? ", ...]" : "]");
}

std::string ready_text(const Piece& piece) {
  std::string text = "[";
  std::span<const std::byte> rest = piece.bytes;
  pollfd polled = {};
  for (; read_as(rest, polled); rest = rest.subspan(sizeof(polled))) {
    if (polled.revents == 0) continue;
    if (text.size() > 1) text += ", ";
    text += fmt::format("{{fd={}, revents={}}}", polled.fd,
                        named_value(Arg::poll_events, static_cast<std::uint16_t>(polled.revents)));
  }
  return text.append(piece.cut() ? ", ...]" : "]");
}

std::string bit_numbers(const Piece& piece) {
  std::string text = "[";
  for (std::size_t i = 0; i < piece.bytes.size() * 8; ++i) {
    if ((std::to_integer<unsigned>(piece.bytes[i / 8]) >> (i % 8) & 1) == 0) continue;
    if (text.size() > 1) text += ' ';
    text += fmt::format("{}", i);
  }
  return text.append(piece.cut() ? " ...]" : "]");
}

}  // namespace sonde::syscalls
