#include "syscalls/file_text.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "file_event.h"
#include "syscalls/socket_names.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {
namespace {

// As in a string, and without what would end the name.
std::string escaped(std::string_view bytes) {
  const std::string text = quoted(bytes, false);
  std::string without;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    const bool digit = text[i + 1] >= '0' && text[i + 1] <= '7';
    if (text[i] == '<')
      without += digit ? "\\074" : "\\74";
    else if (text[i] == '>')
      without += digit ? "\\076" : "\\76";
    else
      without += text[i];
  }
  return without;
}

// Removes it from the front of `texts`.
std::optional<std::string_view> take_text(std::string_view& texts) {
  const std::size_t end = texts.find('\0');
  if (end == std::string_view::npos) return {};
  const std::string_view text = texts.substr(0, end);
  texts.remove_prefix(end + 1);
  return text;
}

// A record is filled up with fewer zeros than are a text of their own: no component is empty.
std::string path_of(const sonde_file_record& record, std::string_view texts) {
  std::vector<std::string_view> components;
  while (const auto component = take_text(texts)) {
    if (component->empty()) break;
    components.push_back(*component);
  }
  std::string path = (record.flags & SONDE_FILE_CUT) != 0 ? "..." : "";
  for (auto component = components.rbegin(); component != components.rend(); ++component)
    path += fmt::format("/{}", escaped(*component));
  return path.empty() ? "/" : path;
}

std::string endpoint(const sonde_socket& socket, const __u8* address, std::uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  ::inet_ntop(socket.family, address, text.data(), text.size());
  return socket.family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), port)
                                   : fmt::format("{}:{}", text.data(), port);
}

std::string internet_text(const sonde_socket& socket) {
  std::string text = endpoint(socket, socket.local, socket.local_port);
  if (socket.remote_port != 0) text += "->" + endpoint(socket, socket.remote, socket.remote_port);
  return text;
}

std::string unix_text(const sonde_file_record& record, std::string_view path) {
  std::string text = fmt::format("{}", record.inode);
  if (record.socket.peer != 0) text += fmt::format("->{}", record.socket.peer);
  path = path.substr(0, record.socket.address_bytes);
  if (path.empty()) return text;
  const bool abstract = path[0] == '\0';
  path = abstract ? path.substr(1) : path.substr(0, path.find('\0'));
  return text + fmt::format(",{}\"{}\"", abstract ? "@" : "", escaped(path));
}

std::string netlink_text(const sonde_socket& socket) {
  constexpr std::string_view kPrefix = "NETLINK_";
  std::string protocol = socket_protocol(AF_NETLINK, socket.protocol);
  if (protocol.starts_with(kPrefix)) protocol.erase(0, kPrefix.size());
  return fmt::format("{}:{}", protocol, socket.port_id);
}

std::string socket_text(const sonde_file_record& record, std::string_view name,
                        std::string_view rest) {
  const sonde_socket& socket = record.socket;
  std::string text = fmt::format("{}", record.inode);
  const bool internet = socket.family == AF_INET || socket.family == AF_INET6;
  if (internet && socket.local_port != 0)
    text = internet_text(socket);
  else if (socket.family == AF_UNIX)
    text = unix_text(record, rest);
  else if (socket.family == AF_NETLINK && socket.port_id != 0)
    text = netlink_text(socket);
  return fmt::format("{}:[{}]", name.empty() ? "socket" : escaped(name), text);
}

}  // namespace

std::optional<std::string> file_text(std::span<const std::byte> bytes) {
  sonde_file_record record{};
  if (!read_as(bytes, record)) return {};
  bytes = bytes.subspan(sizeof(record));
  std::string_view texts(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (record.kind == SONDE_FILE_PATH) {
    const bool deleted = (record.flags & SONDE_FILE_DELETED) != 0;
    return fmt::format("<{}>{}", path_of(record, texts), deleted ? "(deleted)" : "");
  }
  if (record.kind == SONDE_FILE_PIPE) return fmt::format("<pipe:[{}]>", record.inode);
  const auto name = take_text(texts);
  if (!name) return {};
  if (record.kind == SONDE_FILE_ANON) return fmt::format("<anon_inode:{}>", escaped(*name));
  if (record.kind == SONDE_FILE_SOCKET)
    return fmt::format("<{}>", socket_text(record, *name, texts));
  return {};
}

}  // namespace sonde::syscalls
