#include "core/libbpf_log.hpp"

#include <bpf/libbpf.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <vector>

namespace sonde::core {

constexpr std::size_t kLogLimit = 64 * 1024;

void append_to_log(LibbpfLog& log, const char* bytes, std::size_t length) {
  log.text_.append(bytes, length);
  if (log.text_.size() > 2 * kLogLimit) log.text_.erase(0, log.text_.size() - kLogLimit);
}

namespace {

thread_local LibbpfLog* t_current = nullptr;
std::mutex g_install_lock;
unsigned g_users = 0;
libbpf_print_fn_t g_previous = nullptr;

int print_to_log(libbpf_print_level level, const char* format, va_list arguments) {
  LibbpfLog* const log = t_current;
  if (log == nullptr) {
    libbpf_print_fn_t previous = nullptr;
    {
      const std::lock_guard lock(g_install_lock);
      previous = g_previous;
    }
    return previous == nullptr ? 0 : previous(level, format, arguments);
  }
  if (level == LIBBPF_DEBUG) return 0;
  va_list copy;
  va_copy(copy, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  if (length <= 0) return 0;
  std::vector<char> line(static_cast<std::size_t>(length) + 1);
  std::vsnprintf(line.data(), line.size(), format, arguments);
  append_to_log(*log, line.data(), static_cast<std::size_t>(length));
  return length;
}

}  // namespace

LibbpfLog::LibbpfLog() noexcept : outer_(t_current) {
  t_current = this;
  const std::lock_guard lock(g_install_lock);
  if (g_users++ == 0) g_previous = ::libbpf_set_print(print_to_log);
}

LibbpfLog::~LibbpfLog() {
  t_current = outer_;
  const std::lock_guard lock(g_install_lock);
  if (--g_users == 0) ::libbpf_set_print(g_previous);
}

}  // namespace sonde::core
