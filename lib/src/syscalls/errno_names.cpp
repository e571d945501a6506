#include "syscalls/errno_names.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <vector>

#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::syscalls {
namespace {

struct KernelError {
  int number;
  std::string_view name;
  std::string_view description;
};

// include/linux/errno.h: how a call says that it is to be started again after a signal.
constexpr KernelError kKernelErrors[] = {
    {512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
    {513, "ERESTARTNOINTR", "To be restarted"},
    {514, "ERESTARTNOHAND", "To be restarted if no handler"},
    {515, "ENOIOCTLCMD", "No ioctl command"},
    {516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
};

constexpr int kLargestOfLibc = 133;

const KernelError* kernel_error(int number) noexcept {
  for (const KernelError& error : kKernelErrors) {
    if (error.number == number) return &error;
  }
  return nullptr;
}

}  // namespace

std::string errno_name(int number) {
  if (const KernelError* const error = kernel_error(number)) return std::string(error->name);
  const char* const name = ::strerrorname_np(number);
  return name != nullptr ? name : fmt::format("errno_{}", number);
}

std::string_view errno_description(int number) noexcept {
  if (const KernelError* const error = kernel_error(number)) return error->description;
  const char* const text = ::strerrordesc_np(number);
  return text != nullptr ? text : std::string_view();
}

Result<int> parse_errno(std::string_view text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  if (failed == std::errc{} && rest == end) {
    if (number >= 1 && !errno_description(number).empty()) return number;
    return fail(ErrorCode::ConfigError, fmt::format("no error has the number {}", text),
                "errno(3) lists them");
  }
  if (text == "EWOULDBLOCK") return EAGAIN;
  if (text == "EDEADLOCK") return EDEADLK;
  if (text == "ENOTSUP") return EOPNOTSUPP;
  std::vector<std::string_view> names;
  for (int i = 1; i <= kLargestOfLibc; ++i) {
    const char* const name = ::strerrorname_np(i);
    if (name == nullptr) continue;
    if (text == name) return i;
    names.emplace_back(name);
  }
  for (const KernelError& error : kKernelErrors) {
    if (text == error.name) return error.number;
    names.push_back(error.name);
  }
  return fail(ErrorCode::ConfigError,
              fmt::format("unknown error '{}'{}", text, did_you_mean(text, names)),
              "Give a name of errno(3), such as ENOENT");
}

}  // namespace sonde::syscalls
