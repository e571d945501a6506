#include "core/kernel_error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "util/fail.hpp"

namespace sonde::core {
namespace {

std::string own_executable() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : "PROGRAM";
}

}  // namespace

std::string setcap_command() {
  return "sudo setcap "
         "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search,cap_checkpoint_restore,cap_syslog+"
         "ep " +
         own_executable();
}

Result<void> check_requirements(const FeatureSet& features) {
  std::vector<std::string> missing;
  if (!features.has(Feature::cap_bpf)) missing.emplace_back("CAP_BPF");
  if (!features.has(Feature::cap_perfmon)) missing.emplace_back("CAP_PERFMON");
  if (!missing.empty()) {
    return fail(
        ErrorCode::InsufficientPermissions, fmt::format("missing {}", fmt::join(missing, " and ")),
        fmt::format("Run it with sudo, or grant the capabilities once: {}", setcap_command()));
  }
  if (!features.has(Feature::btf)) {
    return fail(
        ErrorCode::IncompatibleKernel, "the kernel has no BTF (/sys/kernel/btf/vmlinux)",
        "Boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; distribution kernels since 2020 are");
  }
  if (!features.has(Feature::ring_buffer)) {
    return fail(ErrorCode::IncompatibleKernel, "the kernel has no BPF ring buffer",
                "Boot Linux 5.8 or later");
  }
  return {};
}

Error load_error(const std::string& object, int sys_errno, const std::string& log) {
  Error error{ErrorCode::LoadFailed, sys_errno, "load the BPF programs of " + object, {}, log};
  // EACCES is the verifier's: it does not accept the program.
  if (sys_errno == EPERM) {
    error.code = ErrorCode::InsufficientPermissions;
    error.hint = "The kernel refused BPF: run with sudo, or grant the capabilities once: " +
                 setcap_command();
  } else if (sys_errno == ENOMEM) {
    error.hint = "The kernel had no memory for the maps: trace less at a time or free memory";
  } else {
    error.hint = "Please report this with the output of 'sonde doctor' and of -v";
  }
  return error;
}

Error attach_error(const std::string& hook, int sys_errno, const std::string& log) {
  Error error{ErrorCode::AttachFailed, sys_errno, "attach " + hook, {}, log};
  if (sys_errno == EPERM || sys_errno == EACCES) {
    error.code = ErrorCode::InsufficientPermissions;
    error.hint = "Run it with sudo, or grant the capabilities once: " + setcap_command();
  } else if (sys_errno == EMFILE || sys_errno == ENFILE) {
    error.hint = "Too many open files: raise the limit with 'ulimit -n'";
  } else if (sys_errno == EINVAL && hook.starts_with("perf_event:")) {
    error.hint = "The frequency may exceed /proc/sys/kernel/perf_event_max_sample_rate";
  }
  return error;
}

}  // namespace sonde::core
