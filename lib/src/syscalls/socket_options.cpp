#include "syscalls/socket_options.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include "syscalls/errno_names.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {

std::string socket_option_value(std::uint64_t level, std::uint64_t option, const Piece& value) {
  const bool socket = (level & 0xffffffff) == SOL_SOCKET;
  option &= 0xffffffff;
  linger wait = {};
  if (socket && option == SO_LINGER && read_as(value.bytes, wait))
    return fmt::format("{{l_onoff={}, l_linger={}}}", wait.l_onoff, wait.l_linger);
  if (socket && option == SO_PEERCRED && value.bytes.size() >= sizeof(ucred))
    return credentials_text(value.bytes);
  std::int32_t number = 0;
  if (value.bytes.size() != sizeof(number) || !read_as(value.bytes, number))
    return quoted(value.text(), value.cut());
  if (socket && option == SO_ERROR && number != 0) return fmt::format("[{}]", errno_name(number));
  return fmt::format("[{}]", number);
}

}  // namespace sonde::syscalls
