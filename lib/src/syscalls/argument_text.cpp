#include "syscalls/argument_text.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "syscalls/event_structs.hpp"
#include "syscalls/flag_names.hpp"
#include "syscalls/messages.hpp"
#include "syscalls/socket_options.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {
namespace {

// Without the zero that ends it; a string without one was cut.
std::string string_text(const Piece& piece) {
  const std::string_view bytes = piece.text();
  return quoted(bytes.substr(0, bytes.find('\0')), piece.cut());
}

std::string strings_text(const ArgumentPieces& pieces) {
  std::string text = "[";
  for (const Piece& piece : pieces.elements()) {
    if (text.size() > 1) text += ", ";
    if ((piece.flags & SONDE_PIECE_MORE) != 0)
      text += "...";
    else
      text += piece.readable() ? string_text(piece) : address_text(piece.address);
  }
  return text.append("]");
}

// "[16]", or "[128 => 16]" if the call changed it.
std::string length_text(const ArgumentPieces& pieces) {
  std::uint32_t before = 0, after = 0;
  const Piece* const begin = pieces.at_begin();
  const Piece* const end = pieces.at_end();
  const bool begun = begin != nullptr && read_as(begin->bytes, before);
  const bool ended = end != nullptr && read_as(end->bytes, after);
  if (begun && ended && before != after) return fmt::format("[{} => {}]", before, after);
  return begun || ended ? fmt::format("[{}]", begun ? before : after) : std::string();
}

// A struct sockaddr is no longer than there was room for, whatever length the call gives back.
std::string filled_address(const Call& call, std::size_t argument, const Piece& piece) {
  std::uint32_t room = 0;
  const Piece* const before = ArgumentPieces(call.pieces, argument + 1).at_begin();
  if (before == nullptr || !read_as(before->bytes, room) || room > piece.bytes.size())
    return struct_text(Arg::address_out, piece.bytes);
  return struct_text(Arg::address_out, piece.bytes.first(room));
}

// A set and its size in a struct that is laid out as a struct iovec.
std::string set_argument(const ArgumentPieces& pieces) {
  const Piece* const both = pieces.any();
  std::array<std::uint64_t, 2> set_and_size = {};
  if (both == nullptr || !read_as(both->bytes, set_and_size)) return {};
  const Piece* const set = pieces.any(0);
  return fmt::format(
      "{{sigmask={}, sigsetsize={}}}",
      set == nullptr ? address_text(set_and_size[0]) : struct_text(Arg::signal_set_in, set->bytes),
      set_and_size[1]);
}

// Kinds that are more than one piece, or that other arguments name; empty for all others.
std::string composed_text(const Call& call, Arg kind, std::size_t argument) {
  const ArgumentPieces pieces(call.pieces, argument);
  const bool failed = call.result < 0 || !call.returned;
  switch (kind) {
    case Arg::strings:
      return pieces.elements().empty() ? std::string() : strings_text(pieces);
    case Arg::vector_in:
    case Arg::vector_out:
      return vector_text(pieces, kind == Arg::vector_in || !failed).value_or("");
    case Arg::message_in:
      return sent_message(pieces).value_or("");
    case Arg::message_out:
      return received_message(pieces, failed).value_or("");
    case Arg::messages_in:
    case Arg::messages_out:
      return messages_text(pieces, failed ? 0 : static_cast<std::size_t>(call.result)).value_or("");
    case Arg::signal_set_argument:
      return set_argument(pieces);
    case Arg::length_at:
      return length_text(pieces);
    default:
      return {};
  }
}

std::string pair_text(const Call& call, const Piece& piece) {
  std::array<std::int32_t, 2> pair = {};
  if (!read_as(piece.bytes, pair)) return {};
  return fmt::format("[{}{}, {}{}]", pair[0], call.file(SONDE_PIECE_RESULT), pair[1],
                     call.file(SONDE_PIECE_SECOND));
}

std::string piece_text(const Call& call, Arg kind, std::size_t argument, const Piece& piece) {
  switch (kind) {
    case Arg::path:
    case Arg::text_out:
      return string_text(piece);
    case Arg::buffer_in:
    case Arg::buffer_out:
      return quoted(piece.text(), piece.cut());
    case Arg::random_out:
      return quoted_hex(piece.text(), piece.cut());
    case Arg::address_out:
      return filled_address(call, argument, piece);
    case Arg::fd_pair_out:
      return pair_text(call, piece);
    case Arg::polled:
      return polled_text(piece);
    case Arg::selected_in:
    case Arg::selected_out:
    case Arg::selected_except:
    case Arg::cpus_out:
      return bit_numbers(piece);
    case Arg::option_in:
    case Arg::option_out:
      return socket_option_value(call.args[argument - 2], call.args[argument - 1], piece);
    default:
      return struct_text(kind, piece.bytes);
  }
}

// wait4() with WNOHANG leaves both alone if no child has ended.
bool is_left_alone(const Call& call, Arg kind, std::size_t argument) {
  return call.result == 0 &&
         (kind == Arg::wait_status_out || (kind == Arg::usage_out && argument == 3));
}

}  // namespace

std::string memory_text(const Call& call, Arg kind, std::size_t argument) {
  const std::uint64_t value = call.args[argument];
  if (value == 0 || is_left_alone(call, kind, argument)) return address_text(value);
  std::string text = composed_text(call, kind, argument);
  if (text.empty()) {
    if (const Piece* const piece = ArgumentPieces(call.pieces, argument).any())
      text = piece_text(call, kind, argument, *piece);
  }
  return text.empty() ? address_text(value) : text;
}

std::string argument_text(const Call& call, Arg kind, std::size_t argument) {
  const std::uint64_t value = call.args[argument];
  switch (kind) {
    case Arg::integer:
      return fmt::format("{}", static_cast<std::int32_t>(value));
    case Arg::fd:
      return fmt::format("{}{}", static_cast<std::int32_t>(value), call.file(argument));
    case Arg::dirfd:
      return static_cast<std::int32_t>(value) == AT_FDCWD
                 ? std::string("AT_FDCWD")
                 : fmt::format("{}{}", static_cast<std::int32_t>(value), call.file(argument));
    case Arg::number:
      return fmt::format("{}", value);
    case Arg::hex:
      return value == 0 ? std::string("0") : fmt::format("{:#x}", value);
    case Arg::pointer:
    case Arg::environment:
      return address_text(value);
    case Arg::octal_mode:
    case Arg::open_mode:
      return fmt::format("{:#03o}", static_cast<std::uint32_t>(value) & 07777);
    default:
      break;
  }
  if (std::string named = named_value(kind, value); !named.empty()) return named;
  return memory_text(call, kind, argument);
}

}  // namespace sonde::syscalls
