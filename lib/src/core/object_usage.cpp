#include "core/object_usage.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "util/unique_fd.hpp"

namespace sonde::core {
namespace {

std::string read_small_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text{};
  const ssize_t length = file ? ::read(file.get(), text.data(), text.size()) : -1;
  return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

std::optional<std::uint64_t> memlock_of(int map_fd) {
  constexpr std::string_view kKey = "memlock:\t";
  const std::string text = read_small_file(fmt::format("/proc/self/fdinfo/{}", map_fd));
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return {};
  std::uint64_t bytes = 0;
  const char* const begin = text.data() + at + kKey.size();
  if (std::from_chars(begin, text.data() + text.size(), bytes).ec != std::errc{}) return {};
  return bytes;
}

template <class Visit>
void for_each_program_info(const bpf_object* object, Visit visit) {
  if (object == nullptr) return;
  const bpf_program* program = nullptr;
  while ((program = ::bpf_object__next_program(object, const_cast<bpf_program*>(program))) !=
         nullptr) {
    const int fd = ::bpf_program__fd(program);
    if (fd < 0) continue;  // not loaded: switched off by the plan
    bpf_prog_info info{};
    __u32 length = sizeof(info);
    if (::bpf_obj_get_info_by_fd(fd, &info, &length) == 0) visit(*program, info);
  }
}

}  // namespace

std::optional<std::uint64_t> map_memory_bytes(const bpf_object* object) {
  if (object == nullptr) return {};
  std::uint64_t total = 0;
  const bpf_map* map = nullptr;
  while ((map = ::bpf_object__next_map(object, map)) != nullptr) {
    const int fd = ::bpf_map__fd(map);
    if (fd < 0) continue;
    const std::optional<std::uint64_t> bytes = memlock_of(fd);
    if (!bytes) return {};
    total += *bytes;
  }
  return total;
}

ProgramTime program_time(const bpf_object* object) {
  ProgramTime total;
  for_each_program_info(object, [&](const bpf_program& program, const bpf_prog_info& info) {
    if (::bpf_program__expected_attach_type(&program) == BPF_TRACE_ITER) return;
    total.run_time_ns += info.run_time_ns;
    total.runs += info.run_cnt;
  });
  return total;
}

std::uint64_t recursion_misses(const bpf_object* object) {
  std::uint64_t total = 0;
  for_each_program_info(object, [&](const bpf_program&, const bpf_prog_info& info) {
    total += info.recursion_misses;
  });
  return total;
}

std::uint64_t resident_bytes() {
  // Fields of statm are pages; the second is the resident set.
  const std::string text = read_small_file("/proc/self/statm");
  const std::size_t space = text.find(' ');
  std::uint64_t pages = 0;
  if (space != std::string::npos) {
    std::from_chars(text.data() + space + 1, text.data() + text.size(), pages);
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace sonde::core
