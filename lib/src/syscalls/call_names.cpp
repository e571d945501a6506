#include "syscalls/call_names.hpp"

#include <fmt/format.h>

#include <span>

#include "syscall_event.h"
#include "syscalls/abi.hpp"

namespace sonde::syscalls {
namespace {

std::span<const std::string_view> names_of(std::uint8_t abi) noexcept {
  if (abi == SONDE_ABI_COMPAT) return compat_names();
  return abi == SONDE_ABI_URING ? uring_names() : native_names();
}

std::string_view prefix_of(std::uint8_t abi) noexcept {
  if (abi == SONDE_ABI_COMPAT) return compat_prefix();
  return abi == SONDE_ABI_URING ? "io_uring:" : "";
}

}  // namespace

std::string_view bare_name(CallId call) noexcept {
  const auto names = names_of(call.abi);
  return call.number < names.size() ? names[call.number] : std::string_view();
}

std::string call_name(CallId call) {
  if (const std::string_view name = bare_name(call); !name.empty())
    return std::string(prefix_of(call.abi)).append(name);
  const char* const kind = call.abi == SONDE_ABI_URING ? "operation" : "syscall";
  return fmt::format("{}{}_{}", prefix_of(call.abi), kind, call.number);
}

std::optional<std::uint32_t> call_number(std::uint8_t abi, std::string_view name) noexcept {
  const auto names = names_of(abi);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name && !name.empty()) return static_cast<std::uint32_t>(i);
  }
  return {};
}

}  // namespace sonde::syscalls
