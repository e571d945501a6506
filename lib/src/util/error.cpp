#include <sonde/error.hpp>

#include <system_error>

namespace sonde {

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::UnsupportedPlatform:
      return "UnsupportedPlatform";
    case ErrorCode::InsufficientPermissions:
      return "InsufficientPermissions";
    case ErrorCode::IncompatibleKernel:
      return "IncompatibleKernel";
    case ErrorCode::LoadFailed:
      return "LoadFailed";
    case ErrorCode::AttachFailed:
      return "AttachFailed";
    case ErrorCode::MapOperationFailed:
      return "MapOperationFailed";
    case ErrorCode::EventProcessingFailed:
      return "EventProcessingFailed";
    case ErrorCode::ConfigError:
      return "ConfigError";
    case ErrorCode::OutputFailed:
      return "OutputFailed";
  }
  return "unknown";
}

std::string Error::message() const {
  std::string text = what;
  if (sys_errno != 0) text += ": " + std::generic_category().message(sys_errno);
  if (!hint.empty()) text += ". " + hint;
  return text;
}

}  // namespace sonde
