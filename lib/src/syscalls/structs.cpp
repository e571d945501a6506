#include "syscalls/structs.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "syscalls/event_structs.hpp"
#include "syscalls/flag_names.hpp"
#include "syscalls/process_structs.hpp"

namespace sonde::syscalls {
namespace {

std::string stat_text(std::span<const std::byte> bytes) {
  struct stat status = {};
  if (!read_as(bytes, status)) return {};
  std::string text = fmt::format("{{st_mode={}, ", file_mode(status.st_mode));
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
    text += fmt::format("st_rdev=makedev({:#x}, {:#x})", ::major(status.st_rdev),
                        ::minor(status.st_rdev));
  } else {
    text += fmt::format("st_size={}", status.st_size);
  }
  return text.append(", ...}");
}

std::string statx_text(std::span<const std::byte> bytes) {
  struct statx status = {};
  if (!read_as(bytes, status)) return {};
  return fmt::format("{{stx_mask={}, stx_attributes={}, stx_mode={}, stx_size={}, ...}}",
                     named_value(Arg::statx_mask, status.stx_mask),
                     named_value(Arg::statx_attributes, status.stx_attributes),
                     file_mode(status.stx_mode), status.stx_size);
}

std::string open_how_text(std::span<const std::byte> bytes) {
  std::array<std::uint64_t, 3> how = {};  // struct open_how: flags, mode, resolve
  if (!read_as(bytes, how)) return {};
  std::string text = "{flags=" + named_value(Arg::open_flags, how[0]);
  if (creates_file(how[0])) text += fmt::format(", mode={:#03o}", how[1]);
  return text + fmt::format(", resolve={}}}", named_value(Arg::resolve_flags, how[2]));
}

std::string file_system_text(std::span<const std::byte> bytes) {
  struct statfs status = {};
  if (!read_as(bytes, status)) return {};
  return fmt::format(
      "{{f_type={}, f_bsize={}, f_blocks={}, f_bfree={}, f_bavail={}, f_files={}, f_ffree={}, "
      "f_fsid={{val=[{:#x}, {:#x}]}}, f_namelen={}, f_frsize={}, f_flags={}}}",
      named_value(Arg::file_system_type, static_cast<std::uint64_t>(status.f_type)), status.f_bsize,
      status.f_blocks, status.f_bfree, status.f_bavail, status.f_files, status.f_ffree,
      static_cast<std::uint32_t>(status.f_fsid.__val[0]),
      static_cast<std::uint32_t>(status.f_fsid.__val[1]), status.f_namelen, status.f_frsize,
      named_value(Arg::file_system_flags, static_cast<std::uint64_t>(status.f_flags)));
}

std::string limit_text(std::uint64_t limit) {
  if (limit == UINT64_MAX) return "RLIM64_INFINITY";
  if (limit > 1024 && limit % 1024 == 0) return fmt::format("{}*1024", limit / 1024);
  return fmt::format("{}", limit);
}

std::string rlimit_text(std::span<const std::byte> bytes) {
  std::array<std::uint64_t, 2> limits = {};
  if (!read_as(bytes, limits)) return {};
  return fmt::format("{{rlim_cur={}, rlim_max={}}}", limit_text(limits[0]), limit_text(limits[1]));
}

std::string unix_address(std::span<const std::byte> bytes) {
  sockaddr_un address = {};
  std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof(address)));
  constexpr std::size_t kHead = offsetof(sockaddr_un, sun_path);
  const std::size_t size = bytes.size() > kHead ? bytes.size() - kHead : 0;
  if (size == 0) return "{sa_family=AF_UNIX}";
  const std::string_view path(address.sun_path, std::min(size, sizeof(address.sun_path)));
  if (path[0] == '\0') {
    return fmt::format("{{sa_family=AF_UNIX, sun_path=@{}}}", quoted(path.substr(1), false));
  }
  return fmt::format("{{sa_family=AF_UNIX, sun_path={}}}",
                     quoted(path.substr(0, path.find('\0')), false));
}

std::string socket_address(std::span<const std::byte> bytes) {
  sa_family_t family = 0;
  if (!read_as(bytes, family)) return {};
  std::array<char, INET6_ADDRSTRLEN> text = {};
  sockaddr_in v4 = {};
  if (family == AF_INET && read_as(bytes, v4)) {
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return fmt::format("{{sa_family=AF_INET, sin_port=htons({}), sin_addr=inet_addr(\"{}\")}}",
                       ntohs(v4.sin_port), text.data());
  }
  sockaddr_in6 v6 = {};
  if (family == AF_INET6 && read_as(bytes, v6)) {
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return fmt::format(
        "{{sa_family=AF_INET6, sin6_port=htons({}), sin6_flowinfo=htonl({}), "
        "inet_pton(AF_INET6, \"{}\", &sin6_addr), sin6_scope_id={}}}",
        ntohs(v6.sin6_port), ntohl(v6.sin6_flowinfo), text.data(), v6.sin6_scope_id);
  }
  if (family == AF_UNIX) return unix_address(bytes);
  sockaddr_nl netlink = {};
  if (family == AF_NETLINK && read_as(bytes, netlink)) {
    return fmt::format("{{sa_family=AF_NETLINK, nl_pid={}, nl_groups={:08x}}}", netlink.nl_pid,
                       netlink.nl_groups);
  }
  return fmt::format("{{sa_family={}, ...}}", named_value(Arg::socket_domain, family));
}

std::string utsname_text(std::span<const std::byte> bytes) {
  constexpr std::size_t kField = 65;
  if (bytes.size() < 2 * kField) return {};
  const auto* const text = reinterpret_cast<const char*>(bytes.data());
  const auto field = [&](std::size_t index) {
    const char* const begin = text + index * kField;
    return quoted({begin, ::strnlen(begin, kField)}, false);
  };
  return fmt::format("{{sysname={}, nodename={}, ...}}", field(0), field(1));
}

}  // namespace

bool creates_file(std::uint64_t open_flags) {
  return (open_flags & O_CREAT) != 0 || (open_flags & O_TMPFILE) == O_TMPFILE;
}

std::string address_text(std::uint64_t value) {
  return value == 0 ? std::string("NULL") : fmt::format("{:#x}", value);
}

std::string timespec_text(std::span<const std::byte> bytes) {
  timespec time = {};
  if (!read_as(bytes, time)) return {};
  return fmt::format("{{tv_sec={}, tv_nsec={}}}", time.tv_sec, time.tv_nsec);
}

std::string timeval_text(std::span<const std::byte> bytes) {
  timeval time = {};
  if (!read_as(bytes, time)) return {};
  return fmt::format("{{tv_sec={}, tv_usec={}}}", time.tv_sec, time.tv_usec);
}

std::string lock_struct_text(std::span<const std::byte> bytes, bool with_holder) {
  struct flock lock = {};
  if (!read_as(bytes, lock)) return {};
  constexpr std::string_view kTypes[] = {"F_RDLCK", "F_WRLCK", "F_UNLCK"};
  const bool known = lock.l_type >= 0 && lock.l_type <= 2;
  return fmt::format("{{l_type={}, l_whence={}, l_start={}, l_len={}{}}}",
                     known ? std::string(kTypes[lock.l_type]) : fmt::format("{:#x}", lock.l_type),
                     named_value(Arg::whence, static_cast<std::uint16_t>(lock.l_whence)),
                     lock.l_start, lock.l_len,
                     with_holder ? fmt::format(", l_pid={}", lock.l_pid) : std::string());
}

std::string credentials_text(std::span<const std::byte> bytes) {
  ucred credentials = {};
  if (!read_as(bytes, credentials)) return {};
  return fmt::format("{{pid={}, uid={}, gid={}}}", credentials.pid, credentials.uid,
                     credentials.gid);
}

std::string quoted_hex(std::string_view bytes, bool cut) {
  std::string text = "\"";
  for (const char c : bytes)
    text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return text.append(cut ? "\"..." : "\"");
}

std::string quoted(std::string_view bytes, bool cut) {
  std::string text = "\"";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    switch (c) {
      case '"':
        text += "\\\"";
        continue;
      case '\\':
        text += "\\\\";
        continue;
      case '\n':
        text += "\\n";
        continue;
      case '\t':
        text += "\\t";
        continue;
      case '\r':
        text += "\\r";
        continue;
      case '\v':
        text += "\\v";
        continue;
      case '\f':
        text += "\\f";
        continue;
      default:
        break;
    }
    if (c >= 0x20 && c < 0x7f) {
      text += static_cast<char>(c);
      continue;
    }
    // Three digits only where the next character would be read as one more.
    const bool digit_follows = i + 1 < bytes.size() && bytes[i + 1] >= '0' && bytes[i + 1] <= '7';
    text += digit_follows ? fmt::format("\\{:03o}", c) : fmt::format("\\{:o}", c);
  }
  text += cut ? "\"..." : "\"";
  return text;
}

std::string struct_text(Arg kind, std::span<const std::byte> bytes) {
  switch (kind) {
    case Arg::stat_out:
      return stat_text(bytes);
    case Arg::statx_out:
      return statx_text(bytes);
    case Arg::open_how_in:
      return open_how_text(bytes);
    case Arg::timespec_in:
    case Arg::timespec_out:
      return timespec_text(bytes);
    case Arg::rlimit_in:
    case Arg::rlimit_out:
      return rlimit_text(bytes);
    case Arg::address_in:
    case Arg::address_out:
      return socket_address(bytes);
    case Arg::file_system_out:
      return file_system_text(bytes);
    case Arg::number_at:
    case Arg::number_at_out: {
      std::int32_t number = 0;
      return read_as(bytes, number) ? fmt::format("[{}]", number) : std::string();
    }
    case Arg::utsname_out:
      return utsname_text(bytes);
    default:
      break;
  }
  std::string text = event_struct_text(kind, bytes);
  return text.empty() ? process_struct_text(kind, bytes) : text;
}

}  // namespace sonde::syscalls
