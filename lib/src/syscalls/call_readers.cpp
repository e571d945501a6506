#include "syscalls/call_readers.hpp"

#include "syscalls/call_names.hpp"
#include "syscalls/signatures.hpp"

namespace sonde::syscalls {
namespace {

constexpr std::uint16_t kPathBytes = 4096;

enum class When { never, begin, end };

struct Plan {
  sonde_argument_reader reader{};
  When when = When::never;
};

Plan fixed(std::uint16_t size, When when) {
  return {{size, 1, SONDE_READ_FIXED, 0, {}}, when};
}

// `position` is that of the argument: some are counted by the one after them. Structs with pointers
// or longs are laid out differently for 32-bit programs, and are then shown as addresses.
Plan plan_of(Arg kind, std::uint8_t position, bool compat, std::uint32_t string_bytes) {
  const auto next = static_cast<std::uint8_t>(position + 1);
  const auto data = static_cast<std::uint16_t>(string_bytes);
  switch (kind) {
    case Arg::path:
      return {{kPathBytes, 1, SONDE_READ_STRING, 0, {}}, When::begin};
    case Arg::text_out:
      return {{kPathBytes, 1, SONDE_READ_STRING, 0, {}}, When::end};
    case Arg::strings:
      return {{0, 0, SONDE_READ_STRINGS, 0, {}}, When::begin};
    case Arg::buffer_in:
      return {{data, 1, SONDE_READ_COUNTED, next, {}}, When::begin};
    case Arg::buffer_out:
      return {{data, 1, SONDE_READ_COUNTED, SONDE_COUNTER_RESULT, {}}, When::end};
    case Arg::address_in:
      return {{128, 1, SONDE_READ_COUNTED, next, {}}, When::begin};
    case Arg::address_out:
      return {{128, 1, SONDE_READ_LENGTH_AT, next, {}}, When::end};
    case Arg::length_at:
      return fixed(4, When::end);
    case Arg::fd_pair_out:
      return fixed(8, When::end);
    case Arg::wait_status_out:
      return fixed(4, When::end);
    case Arg::utsname_out:
      return fixed(390, When::end);
    case Arg::stat_out:
      return compat ? Plan{} : fixed(144, When::end);
    case Arg::timespec_in:
    case Arg::rlimit_in:
      return compat ? Plan{} : fixed(16, When::begin);
    case Arg::timespec_out:
    case Arg::rlimit_out:
      return compat ? Plan{} : fixed(16, When::end);
    default:
      return {};
  }
}

sonde_call_readers readers_of(const Signature& signature, bool compat, std::uint32_t string_bytes) {
  sonde_call_readers readers{};
  for (std::uint8_t i = 0; i < signature.arguments.size(); ++i) {
    const Plan plan = plan_of(signature.arguments[i], i, compat, string_bytes);
    readers.arguments[i] = plan.reader;
    const auto bit = static_cast<__u8>(1u << i);
    if (plan.when == When::begin) readers.begin = static_cast<__u8>(readers.begin | bit);
    if (plan.when == When::end) readers.end = static_cast<__u8>(readers.end | bit);
  }
  return readers;
}

}  // namespace

std::vector<sonde_call_readers> call_readers(std::uint8_t abi, std::uint32_t string_bytes) {
  std::vector<sonde_call_readers> all(SONDE_CALL_NUMBERS);
  for (std::uint32_t number = 0; number < all.size(); ++number) {
    if (const Signature* const signature = find_signature(bare_name({abi, number})))
      all[number] = readers_of(*signature, abi == SONDE_ABI_COMPAT, string_bytes);
  }
  return all;
}

}  // namespace sonde::syscalls
