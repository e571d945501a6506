#include "core/uprobe_events.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sonde::core {
namespace {

constexpr const char* kSource = "/sys/bus/event_source/devices/uprobe/";

// A number after `prefix`, such as the 7 of "config:7".
std::optional<std::uint32_t> number_in(const char* file, std::string_view prefix) {
  const UniqueFd fd(::open((std::string(kSource) + file).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 64> bytes{};
  const ssize_t size = ::read(fd.get(), bytes.data(), bytes.size());
  const std::string_view text(bytes.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  std::uint32_t number = 0;
  if (!text.starts_with(prefix)) return {};
  const char* const first = text.data() + prefix.size();
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), number);
  return error == std::errc() && end != first ? std::optional(number) : std::nullopt;
}

}  // namespace

bool has_uprobe_events() noexcept {
  return number_in("type", "") && number_in("format/retprobe", "config:") &&
         ::libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie, nullptr) == 1;
}

UniqueFd attach_uprobe_event(int program_fd, pid_t pid, const UprobeEvent& event) noexcept {
  const auto type = number_in("type", "");
  const auto return_bit = number_in("format/retprobe", "config:");
  if (!type || !return_bit) {
    errno = ENODEV;
    return {};
  }
  perf_event_attr attr{};
  attr.size = sizeof(attr);
  attr.type = *type;
  if (event.at_return) attr.config = std::uint64_t{1} << *return_bit;
  attr.uprobe_path = reinterpret_cast<std::uintptr_t>(event.path.c_str());
  attr.probe_offset = event.offset;
  // An event of all processes is one of a CPU; its program runs on all of them.
  const UniqueFd opened(static_cast<int>(::syscall(SYS_perf_event_open, &attr, pid == 0 ? -1 : pid,
                                                   pid == 0 ? 0 : -1, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!opened) return {};
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.perf_event.bpf_cookie = event.cookie;
  // The link keeps the event.
  const int link = ::bpf_link_create(program_fd, opened.get(), BPF_PERF_EVENT, &options);
  return UniqueFd(link);
}

}  // namespace sonde::core
