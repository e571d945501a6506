// EbpfConfig as JSON.
#pragma once

#include <cstddef>
#include <functional>
#include <sonde/config.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::config {

/// A longer text is refused.
inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

/// Sets in `config` what the text names and leaves everything else, so that sources can be laid
/// over each other. Returns the paths of what it set, such as "max_samples" and "target.pids".
///
/// ConfigError that begins with the setting's path (or line and column where the text is not JSON);
/// `config` is then unchanged. Comments are allowed; unknown and repeated keys are errors.
Result<std::vector<std::string>> overlay_json(std::string_view text, EbpfConfig& config);

/// Every setting, in the order of the manual; overlay_json() reads it back. Callbacks and
/// what is for launchers (Target::from_exec and Target::program) are left out.
std::string to_json(const EbpfConfig& config);

/// to_json() with a comment behind each setting; overlay_json() reads that, too. `comment` is asked
/// for the settings' paths, such as "target.pids".
std::string annotated_json(const EbpfConfig& config,
                           const std::function<std::string(std::string_view path)>& comment);

/// The JSON Schema of what overlay_json() reads.
std::string config_schema();

}  // namespace sonde::config
