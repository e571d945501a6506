// Turns failed libbpf and perf calls into errors that name the cause and the fix.
#pragma once

#include <string>

#include <sonde/error.hpp>
#include "core/features.hpp"

namespace sonde::core {

/// What every tracer needs: BTF, the ring buffer, CAP_BPF and CAP_PERFMON. InsufficientPermissions
/// or IncompatibleKernel naming all that is missing and the command that mends it.
Result<void> check_requirements(const FeatureSet& features);

/// "sudo setcap ...+ep /path/of/this/program": what lets the running program trace without root.
std::string setcap_command();

/// For a failed load: EPERM becomes InsufficientPermissions (libbpf blames RLIMIT_MEMLOCK for it),
/// everything else LoadFailed with the verifier's log as detail.
Error load_error(const std::string& object, int sys_errno, const std::string& log);

/// For a failed attach of `hook`, such as "perf_event:cpu-clock on CPU 3".
Error attach_error(const std::string& hook, int sys_errno, const std::string& log = {});

}  // namespace sonde::core
