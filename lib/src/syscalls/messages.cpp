#include "syscalls/messages.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>
#include <map>
#include <vector>

#include "syscalls/flag_names.hpp"
#include "syscalls/socket_names.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {
namespace {

// One message: its struct, and what that points to.
struct MessagePieces {
  const Piece* head = nullptr;
  const Piece* name = nullptr;
  const Piece* control = nullptr;
  const Piece* vector = nullptr;
  std::map<std::uint8_t, const Piece*> parts;
};

// A message begins with its struct.
std::vector<MessagePieces> split(const ArgumentPieces& pieces, bool at_end) {
  std::vector<MessagePieces> messages;
  for (const Piece& piece : pieces.all()) {
    if (piece.argument != pieces.argument() || piece.at_end != at_end) continue;
    if (piece.index == SONDE_PIECE_ITSELF) {
      if (!piece.readable()) return messages;
      messages.push_back({&piece, nullptr, nullptr, nullptr, {}});
    } else if (messages.empty()) {
      continue;
    } else if (piece.index == SONDE_PIECE_NAME) {
      messages.back().name = &piece;
    } else if (piece.index == SONDE_PIECE_CONTROL) {
      messages.back().control = &piece;
    } else if (piece.index == SONDE_PIECE_VECTOR) {
      messages.back().vector = &piece;
    } else {
      messages.back().parts[piece.index] = &piece;
    }
  }
  return messages;
}

template <class T>
T read_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value{};
  if (offset + sizeof(T) <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

std::string part_text(const iovec& part, const Piece* contents, bool filled) {
  std::string text = address_text(reinterpret_cast<std::uintptr_t>(part.iov_base));
  if (contents != nullptr && contents->readable()) {
    text = quoted(contents->text(), contents->cut());
  } else if (contents == nullptr && filled && part.iov_base != nullptr) {
    text = "\"\"";
  }
  return fmt::format("{{iov_base={}, iov_len={}}}", text, part.iov_len);
}

std::string parts_text(const Piece& vector, const std::map<std::uint8_t, const Piece*>& parts,
                       bool filled) {
  std::string text = "[";
  const std::size_t count = vector.bytes.size() / sizeof(iovec);
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = parts.find(static_cast<std::uint8_t>(i));
    if (i > 0) text += ", ";
    text += part_text(read_at<iovec>(vector.bytes, i * sizeof(iovec)),
                      found == parts.end() ? nullptr : found->second, filled);
  }
  return text.append(vector.cut() ? ", ...]" : "]");
}

std::string control_data(int level, int type, std::span<const std::byte> data) {
  if (level == SOL_SOCKET && type == SCM_RIGHTS) {
    std::string text = "[";
    for (std::size_t at = 0; at + sizeof(int) <= data.size(); at += sizeof(int)) {
      text += fmt::format("{}{}", at == 0 ? "" : ", ", read_at<int>(data, at));
    }
    return text.append("]");
  }
  if (level == SOL_SOCKET && type == SCM_CREDENTIALS && data.size() >= sizeof(ucred))
    return credentials_text(data);
  return quoted_hex({reinterpret_cast<const char*>(data.data()), data.size()}, false);
}

std::string control_type(int level, int type) {
  if (level == SOL_SOCKET && type == SCM_RIGHTS) return "SCM_RIGHTS";
  if (level == SOL_SOCKET && type == SCM_CREDENTIALS) return "SCM_CREDENTIALS";
  return fmt::format("{:#x}", type);
}

std::string control_text(const msghdr& head, const Piece* control) {
  if (control == nullptr || !control->readable())
    return address_text(reinterpret_cast<std::uintptr_t>(head.msg_control));
  std::string text = "[";
  std::span<const std::byte> rest = control->bytes;
  bool cut = control->cut();
  while (rest.size() >= sizeof(cmsghdr)) {
    const auto item = read_at<cmsghdr>(rest, 0);
    if (item.cmsg_len < sizeof(cmsghdr)) break;
    cut = cut || item.cmsg_len > rest.size();
    const std::size_t length = std::min<std::size_t>(item.cmsg_len, rest.size());
    text += fmt::format("{}{{cmsg_len={}, cmsg_level={}, cmsg_type={}", text.size() > 1 ? ", " : "",
                        item.cmsg_len,
                        named_value(Arg::socket_level, static_cast<std::uint32_t>(item.cmsg_level)),
                        control_type(item.cmsg_level, item.cmsg_type));
    if (length > sizeof(cmsghdr)) {
      text +=
          ", cmsg_data=" + control_data(item.cmsg_level, item.cmsg_type,
                                        rest.subspan(sizeof(cmsghdr), length - sizeof(cmsghdr)));
    }
    text += "}";
    rest = rest.subspan(std::min(CMSG_ALIGN(length), rest.size()));
  }
  return text.append(cut ? ", ...]" : "]");
}

std::string name_text(const msghdr& head, const Piece* name) {
  if (name != nullptr && name->readable() && head.msg_namelen != 0) {
    const auto length = std::min<std::size_t>(name->bytes.size(), head.msg_namelen);
    return struct_text(Arg::address_in, name->bytes.first(length));
  }
  return address_text(reinterpret_cast<std::uintptr_t>(head.msg_name));
}

// `length_before`: of the name, before the call wrote to it.
std::string message_text(const MessagePieces& message, std::optional<socklen_t> length_before) {
  const auto head = read_at<msghdr>(message.head->bytes, 0);
  std::string text = fmt::format("{{msg_name={}, msg_namelen=", name_text(head, message.name));
  if (length_before && *length_before != head.msg_namelen)
    text += fmt::format("{} => ", *length_before);
  text += fmt::format("{}, msg_iov=", head.msg_namelen);
  text += message.vector != nullptr && message.vector->readable()
              ? parts_text(*message.vector, message.parts, true)
              : address_text(reinterpret_cast<std::uintptr_t>(head.msg_iov));
  text += fmt::format(", msg_iovlen={}", head.msg_iovlen);
  if (head.msg_controllen != 0)
    text += fmt::format(", msg_control={}", control_text(head, message.control));
  return text +
         fmt::format(", msg_controllen={}, msg_flags={}}}", head.msg_controllen,
                     named_value(Arg::message_flags, static_cast<std::uint32_t>(head.msg_flags)));
}

}  // namespace

std::optional<std::string> vector_text(const ArgumentPieces& pieces, bool filled) {
  const Piece* const vector = pieces.any();
  if (vector == nullptr) return {};
  std::map<std::uint8_t, const Piece*> parts;
  const std::vector<Piece> elements = pieces.elements();
  for (const Piece& piece : elements)
    parts[piece.index] = &piece;
  return parts_text(*vector, parts, filled);
}

std::optional<std::string> sent_message(const ArgumentPieces& pieces) {
  for (const bool at_end : {false, true}) {
    if (const auto messages = split(pieces, at_end); !messages.empty())
      return message_text(messages.front(), {});
  }
  return {};
}

std::optional<std::string> received_message(const ArgumentPieces& pieces, bool failed) {
  const auto before = split(pieces, false);
  const auto after = split(pieces, true);
  std::optional<socklen_t> length;
  if (!before.empty()) length = read_at<msghdr>(before.front().head->bytes, 0).msg_namelen;
  if (failed || after.empty()) {
    if (!length) return {};
    return fmt::format("{{msg_namelen={}}}", *length);
  }
  return message_text(after.front(), length);
}

std::optional<std::string> messages_text(const ArgumentPieces& pieces, std::size_t done) {
  const auto before = split(pieces, false);
  const auto after = split(pieces, true);
  const auto& messages = before.empty() ? after : before;
  if (messages.empty()) return {};
  std::string text = "[";
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (i > 0) text += ", ";
    text += fmt::format("{{msg_hdr={}", message_text(messages[i], {}));
    if (i < done && i < after.size()) {
      text +=
          fmt::format(", msg_len={}", read_at<std::uint32_t>(after[i].head->bytes, sizeof(msghdr)));
    }
    text += "}";
  }
  bool more = false;
  for (const Piece& piece : pieces.all())
    more = more || (piece.argument == pieces.argument() && (piece.flags & SONDE_PIECE_MORE) != 0);
  return text.append(more ? ", ...]" : "]");
}

}  // namespace sonde::syscalls
