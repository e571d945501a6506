#include "syscalls/decode.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "syscall_event.h"
#include "syscalls/errno_names.hpp"
#include "syscalls/flag_names.hpp"
#include "syscalls/signatures.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {
namespace {

constexpr std::int64_t kMaxError = 4095;

std::string address(std::uint64_t value) {
  return value == 0 ? std::string("NULL") : fmt::format("{:#x}", value);
}

std::string_view text_of(const Piece& piece) {
  return {reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size()};
}

// Without the zero that ends it; a string without one was cut.
std::string string_text(const Piece& piece) {
  const std::string_view bytes = text_of(piece);
  const auto end = bytes.find('\0');
  return quoted(bytes.substr(0, end), (piece.flags & SONDE_PIECE_CUT) != 0);
}

std::string strings_text(const Call& call, std::size_t argument) {
  std::string text = "[";
  for (const Piece& piece : call.pieces) {
    if (piece.argument != argument || piece.index == SONDE_PIECE_ITSELF) continue;
    if (text.size() > 1) text += ", ";
    text +=
        (piece.flags & SONDE_PIECE_UNREADABLE) != 0 ? address(piece.address) : string_text(piece);
  }
  return text.append("]");
}

// The last piece of an argument is the one to show: it may have been unreadable at first.
const Piece* piece_of(const Call& call, std::size_t argument) {
  const Piece* found = nullptr;
  for (const Piece& piece : call.pieces) {
    const bool readable = (piece.flags & SONDE_PIECE_UNREADABLE) == 0;
    if (piece.argument == argument && piece.index == SONDE_PIECE_ITSELF && readable) found = &piece;
  }
  return found;
}

bool has_strings(const Call& call, std::size_t argument) {
  for (const Piece& piece : call.pieces) {
    if (piece.argument == argument && piece.index != SONDE_PIECE_ITSELF) return true;
  }
  return false;
}

std::string memory_text(const Call& call, Arg kind, std::size_t argument) {
  const std::uint64_t value = call.args[argument];
  if (kind == Arg::strings)
    return has_strings(call, argument) ? strings_text(call, argument) : address(value);
  const Piece* const piece = value == 0 ? nullptr : piece_of(call, argument);
  if (piece == nullptr) return address(value);
  switch (kind) {
    case Arg::path:
    case Arg::text_out:
      return string_text(*piece);
    case Arg::buffer_in:
    case Arg::buffer_out:
      return quoted(text_of(*piece), (piece->flags & SONDE_PIECE_CUT) != 0);
    default:
      break;
  }
  std::string text = struct_text(kind, piece->bytes);
  return text.empty() ? address(value) : text;
}

std::string argument_text(const Call& call, Arg kind, std::size_t argument) {
  const std::uint64_t value = call.args[argument];
  switch (kind) {
    case Arg::integer:
    case Arg::fd:
      return fmt::format("{}", static_cast<std::int32_t>(value));
    case Arg::dirfd:
      return static_cast<std::int32_t>(value) == AT_FDCWD
                 ? std::string("AT_FDCWD")
                 : fmt::format("{}", static_cast<std::int32_t>(value));
    case Arg::number:
      return fmt::format("{}", value);
    case Arg::hex:
      return value == 0 ? std::string("0") : fmt::format("{:#x}", value);
    case Arg::pointer:
    case Arg::environment:
      return address(value);
    case Arg::octal_mode:
    case Arg::open_mode:
      return fmt::format("0{:03o}", static_cast<std::uint32_t>(value) & 07777);
    default:
      break;
  }
  if (std::string named = named_value(kind, value); !named.empty()) return named;
  return memory_text(call, kind, argument);
}

// What fcntl() does with its third argument depends on the second.
bool fcntl_takes_argument(std::uint64_t command) {
  return command != F_GETFD && command != F_GETFL && command != F_GETOWN &&
         command != F_GETPIPE_SZ && command != F_GET_SEALS;
}

std::string fcntl_argument(std::uint64_t command, std::uint64_t value) {
  if (command == F_SETFL) return named_value(Arg::open_flags, value);
  if (command == F_SETFD && value == FD_CLOEXEC) return "FD_CLOEXEC";
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) return fmt::format("{}", value);
  return value == 0 ? std::string("0") : fmt::format("{:#x}", value);
}

bool creates(std::uint64_t open_flags) {
  return (open_flags & O_CREAT) != 0 || (open_flags & O_TMPFILE) == O_TMPFILE;
}

std::vector<std::string> arguments_of(const Call& call, const Signature* signature) {
  std::vector<std::string> arguments;
  if (!call.begun) {
    arguments.emplace_back("?");
    return arguments;
  }
  if (signature == nullptr) {
    for (const std::uint64_t value : call.args)
      arguments.push_back(fmt::format("{:#x}", value));
    return arguments;
  }
  for (std::size_t i = 0; i < signature->arguments.size(); ++i) {
    const Arg kind = signature->arguments[i];
    if (kind == Arg::none) break;
    if (kind == Arg::open_mode && !creates(call.args[i - 1])) break;
    if (kind == Arg::fcntl_argument) {
      if (fcntl_takes_argument(call.args[i - 1]))
        arguments.push_back(fcntl_argument(call.args[i - 1], call.args[i]));
      break;
    }
    arguments.push_back(argument_text(call, kind, i));
  }
  return arguments;
}

}  // namespace

bool parse_pieces(std::span<const std::byte> bytes, std::vector<Piece>& pieces) {
  while (!bytes.empty()) {
    sonde_call_piece piece{};
    if (bytes.size() < sizeof(piece)) return false;
    std::memcpy(&piece, bytes.data(), sizeof(piece));
    bytes = bytes.subspan(sizeof(piece));
    const std::size_t padded = (std::size_t{piece.length} + 7) / 8 * 8;
    if (padded > bytes.size()) return false;
    pieces.push_back(
        {piece.address, piece.argument, piece.index, piece.flags, bytes.first(piece.length)});
    bytes = bytes.subspan(padded);
  }
  return true;
}

DecodedCall decode(const Call& call) {
  const Signature* const signature = find_signature(bare_name(call.id));
  DecodedCall decoded;
  decoded.arguments = arguments_of(call, signature);
  if (!call.returned) {
    decoded.result_text.assign(1, '?');
    return decoded;
  }
  const bool sigreturn = signature != nullptr && signature->name == "rt_sigreturn";
  if (call.result < 0 && call.result >= -kMaxError && !sigreturn) {
    const int error = static_cast<int>(-call.result);
    decoded.result = -1;
    decoded.error = errno_name(error);
    // A program never sees these: strace shows that the result is not known yet.
    const bool restarts = error >= 512 && error <= 516;
    decoded.result_text =
        fmt::format("{} {} ({})", restarts ? "?" : "-1", decoded.error, errno_description(error));
    return decoded;
  }
  decoded.result = call.result;
  const bool hex = signature != nullptr && signature->returned == Returned::hex;
  decoded.result_text = hex && call.result != 0
                            ? fmt::format("{:#x}", static_cast<std::uint64_t>(call.result))
                            : fmt::format("{}", call.result);
  return decoded;
}

}  // namespace sonde::syscalls
