#include "syscalls/call_readers.hpp"

#include <algorithm>

#include "syscalls/call_names.hpp"

namespace sonde::syscalls {
namespace {

constexpr std::uint16_t kPathBytes = 4096;

enum class When { never, begin, end, both };

struct Plan {
  sonde_argument_reader reader{};
  When when = When::never;
};

Plan fixed(std::uint16_t size, When when) {
  return {{size, 1, SONDE_READ_FIXED, 0, 0, 0}, when};
}

// At most `most` elements of `unit` bytes.
Plan counted(std::uint16_t unit, std::uint16_t most, std::uint8_t counter, When when) {
  const auto size = static_cast<std::uint16_t>(unit * most);
  return {{size, unit, SONDE_READ_COUNTED, counter, 0, 0}, when};
}

Plan buffers(std::uint8_t how, std::uint16_t data, std::uint8_t counter, std::uint8_t flags,
             When when) {
  return {{data, 1, how, counter, flags, 0}, when};
}

constexpr std::uint16_t kNameBytes = 16;  // TASK_COMM_LEN
constexpr std::uint16_t kElements = 32;
constexpr std::uint16_t kSelectBytes = 128;  // FD_SETSIZE
constexpr std::uint16_t kOptionBytes = 256;

// Structs with pointers or longs: laid out differently for 32-bit programs, whose are shown as
// addresses.
Plan native_plan(Arg kind, std::uint8_t next, std::uint16_t data) {
  switch (kind) {
    case Arg::stat_out:
      return fixed(144, When::end);
    case Arg::timespec_in:
    case Arg::futex_timeout:
    case Arg::rlimit_in:
      return fixed(16, When::begin);
    case Arg::timespec_out:
    case Arg::rlimit_out:
      return fixed(16, When::end);
    case Arg::select_timeout:
    case Arg::pselect_timeout:
      return fixed(16, When::both);
    case Arg::vector_in:
      return buffers(SONDE_READ_VECTOR, data, next, 0, When::begin);
    case Arg::vector_out:
      return buffers(SONDE_READ_VECTOR, data, next, SONDE_READER_FILLED, When::both);
    case Arg::message_in:
      return buffers(SONDE_READ_MESSAGES, data, SONDE_COUNTER_ONE, 0, When::begin);
    case Arg::message_out:
      return buffers(SONDE_READ_MESSAGES, data, SONDE_COUNTER_ONE, SONDE_READER_FILLED, When::both);
    case Arg::messages_in:
      return buffers(SONDE_READ_MESSAGES, data, next, 0, When::both);
    case Arg::messages_out:
      return buffers(SONDE_READ_MESSAGES, data, SONDE_COUNTER_RESULT, SONDE_READER_FILLED,
                     When::end);
    case Arg::signal_set_argument:
      // It is laid out as a struct iovec.
      return buffers(SONDE_READ_VECTOR, 8, SONDE_COUNTER_ONE, 0, When::begin);
    case Arg::signal_action_in:
      return fixed(32, When::begin);
    case Arg::signal_action_out:
      return fixed(32, When::end);
    case Arg::signal_stack_in:
      return fixed(24, When::begin);
    case Arg::signal_stack_out:
      return fixed(24, When::end);
    case Arg::timer_in:
    case Arg::timer_spec_in:
    case Arg::file_times_in:
      return fixed(32, When::begin);
    case Arg::timer_out:
    case Arg::timer_spec_out:
      return fixed(32, When::end);
    case Arg::fcntl_argument:
      return fixed(32, When::both);
    case Arg::timeval_out:
      return fixed(16, When::end);
    case Arg::file_system_out:
      return fixed(120, When::end);
    case Arg::signal_info_out:
      return fixed(128, When::end);
    case Arg::usage_out:
      return fixed(144, When::end);
    case Arg::system_info_out:
      return fixed(112, When::end);
    default:
      return {};
  }
}

// `position` is that of the argument: some are counted by the one after them.
Plan plan_of(Arg kind, std::uint8_t position, bool compat, std::uint32_t string_bytes) {
  const auto next = static_cast<std::uint8_t>(position + 1);
  const auto data = static_cast<std::uint16_t>(string_bytes);
  switch (kind) {
    case Arg::path:
      return {{kPathBytes, 1, SONDE_READ_STRING, 0, 0, 0}, When::begin};
    case Arg::text_out:
      return {{kPathBytes, 1, SONDE_READ_STRING, 0, 0, 0}, When::end};
    case Arg::strings:
      return {{0, 0, SONDE_READ_STRINGS, 0, 0, 0}, When::begin};
    case Arg::buffer_in:
      return {{data, 1, SONDE_READ_COUNTED, next, 0, 0}, When::begin};
    case Arg::buffer_out:
      return {{data, 1, SONDE_READ_COUNTED, SONDE_COUNTER_RESULT, 0, 0}, When::end};
    case Arg::address_in:
      return {{128, 1, SONDE_READ_COUNTED, next, 0, 0}, When::begin};
    case Arg::address_out:
      return {{128, 1, SONDE_READ_LENGTH_AT, next, 0, 0}, When::end};
    case Arg::length_at:
      return fixed(4, When::both);
    case Arg::fd_pair_out:
      return fixed(8, When::end);
    case Arg::wait_status_out:
      return fixed(4, When::end);
    case Arg::utsname_out:
      return fixed(390, When::end);
    case Arg::number_at:
      return fixed(4, When::begin);
    case Arg::number_at_out:
      return fixed(4, When::end);
    case Arg::ioctl_argument:
      return fixed(8, When::both);  // struct winsize
    case Arg::prctl_argument:
      return {{kNameBytes, 1, SONDE_READ_STRING, 0, 0, 0}, When::both};
    case Arg::signal_set_in:
      return fixed(8, When::begin);
    case Arg::signal_set_out:
      return fixed(8, When::end);
    case Arg::polled:
      return counted(8, kElements, next, When::both);
    case Arg::epoll_change:
      return fixed(12, When::begin);
    case Arg::epoll_events_out:
      return counted(12, kElements, SONDE_COUNTER_RESULT, When::end);
    case Arg::selected_in:
    case Arg::selected_out:
    case Arg::selected_except:
      return {{kSelectBytes, 1, SONDE_READ_BITS, 0, 0, 0}, When::both};
    case Arg::option_in:
      return counted(1, kOptionBytes, next, When::begin);
    case Arg::option_out:
      return {{kOptionBytes, 1, SONDE_READ_LENGTH_AT, next, 0, 0}, When::end};
    case Arg::statx_out:
      return fixed(256, When::end);
    case Arg::open_how_in:
      return counted(1, 24, next, When::begin);
    case Arg::clone_arguments_in:
      return counted(1, 88, next, When::begin);
    case Arg::clone_parent:
      return fixed(4, When::end);
    case Arg::cpus_out:
      return counted(1, kSelectBytes, SONDE_COUNTER_RESULT, When::end);
    case Arg::random_out:
      return {{data, 1, SONDE_READ_COUNTED, SONDE_COUNTER_RESULT, 0, 0}, When::end};
    default:
      return compat ? Plan{} : native_plan(kind, next, data);
  }
}

sonde_call_readers readers_of(const Signature& signature, bool compat, std::uint32_t string_bytes) {
  sonde_call_readers readers{};
  const FileArguments files = file_arguments(signature);
  std::copy(files.begin(), files.end(), readers.files);
  if (signature.returned == Returned::fd || signature.returned == Returned::fcntl)
    readers.made = SONDE_MADE_RESULT;
  for (std::uint8_t i = 0; i < signature.arguments.size(); ++i) {
    const Plan plan = plan_of(signature.arguments[i], i, compat, string_bytes);
    readers.arguments[i] = plan.reader;
    if (signature.arguments[i] == Arg::fd_pair_out) readers.made = static_cast<__u8>(i + 1);
    const auto bit = static_cast<__u8>(1u << i);
    if (plan.when == When::begin || plan.when == When::both)
      readers.begin = static_cast<__u8>(readers.begin | bit);
    if (plan.when == When::end || plan.when == When::both)
      readers.end = static_cast<__u8>(readers.end | bit);
  }
  return readers;
}

}  // namespace

FileArguments file_arguments(const Signature& signature) noexcept {
  FileArguments files{};
  std::size_t found = 0;
  for (std::size_t i = 0; i < signature.arguments.size() && found < files.size(); ++i) {
    if (signature.arguments[i] == Arg::fd || signature.arguments[i] == Arg::dirfd)
      files[found++] = static_cast<std::uint8_t>(i + 1);
  }
  return files;
}

std::vector<sonde_call_readers> call_readers(std::uint8_t abi, std::uint32_t string_bytes) {
  std::vector<sonde_call_readers> all(SONDE_CALL_NUMBERS);
  for (std::uint32_t number = 0; number < all.size(); ++number) {
    if (const Signature* const signature = find_signature(bare_name({abi, number})))
      all[number] = readers_of(*signature, abi == SONDE_ABI_COMPAT, string_bytes);
  }
  return all;
}

}  // namespace sonde::syscalls
