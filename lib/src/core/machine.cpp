#include "core/machine.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "util/unique_fd.hpp"

namespace sonde::core {

std::vector<int> parse_cpu_list(std::string_view text) {
  constexpr int kMostCpus = 8192;  // CONFIG_NR_CPUS_RANGE_END on x86-64
  std::vector<int> cpus;
  while (!text.empty() && text.back() == '\n')
    text.remove_suffix(1);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    int first = 0;
    auto parsed = std::from_chars(at, end, first);
    if (parsed.ec != std::errc{}) return {};
    int last = first;
    if (parsed.ptr < end && *parsed.ptr == '-') {
      parsed = std::from_chars(parsed.ptr + 1, end, last);
      if (parsed.ec != std::errc{}) return {};
    }
    if (first < 0 || last < first || last >= kMostCpus) return {};
    for (int cpu = first; cpu <= last; ++cpu)
      cpus.push_back(cpu);
    at = parsed.ptr;
    if (at < end && *at++ != ',') return {};
  }
  return cpus;
}

std::vector<int> online_cpus(const std::string& root) {
  const UniqueFd file(
      ::open((root + "/sys/devices/system/cpu/online").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  std::array<char, 4096> text{};
  const ssize_t length = ::read(file.get(), text.data(), text.size());
  if (length <= 0) return {};
  return parse_cpu_list({text.data(), static_cast<std::size_t>(length)});
}

unsigned own_pid_namespace() {
  constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;
  struct stat info {};
  if (::stat("/proc/self/ns/pid", &info) != 0 || info.st_ino == kInitialPidNamespace) return 0;
  return static_cast<unsigned>(info.st_ino);
}

ReportHeader describe_machine() {
  ReportHeader header;
  utsname names{};
  if (::uname(&names) == 0) {
    header.host = names.nodename;
    header.kernel = names.release;
    header.architecture = names.machine;
  }
  header.online_cpus = static_cast<std::uint32_t>(online_cpus().size());
  header.started = std::chrono::system_clock::now();
  return header;
}

}  // namespace sonde::core
