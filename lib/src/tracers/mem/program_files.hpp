#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "process/mapping.hpp"
#include "tracers/target_filter.hpp"

namespace sonde::tracers {

/// The files that a program will map before its first instruction: itself, its dynamic linker, and
/// the libraries that the linker will load, found as ld.so(8) does: what is preloaded, DT_RPATH,
/// LD_LIBRARY_PATH, DT_RUNPATH, /etc/ld.so.cache, /lib and /usr/lib. Of a script those of its
/// interpreter. `environment`: as /proc/PID/environ. What cannot be found is left out: it is seen
/// when it is mapped. Absolute paths without symbolic links, each once.
std::vector<std::string> program_files(const std::string& program, std::string_view environment);
/// The same, opened.
std::vector<std::shared_ptr<const process::MappedFile>> open_program_files(
    const std::string& program, std::string_view environment);

/// Those of the command that is about to be run; none if the target is none.
std::vector<std::shared_ptr<const process::MappedFile>> open_launched_files(
    const TargetFilter& filter);

}  // namespace sonde::tracers
