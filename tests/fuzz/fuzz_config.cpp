// Any bytes as a configuration file: refused with a reason, or read, valid, and the same when
// written and read again.
#include <cstdint>
#include <sonde/config.hpp>
#include <string>
#include <string_view>

#include "config/json.hpp"
#include "expect.hpp"

namespace {

std::string annotated(const sonde::EbpfConfig& config) {
  return sonde::config::annotated_json(config,
                                       [](std::string_view path) { return std::string(path); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sonde::config::overlay_json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sonde::EbpfConfig config;
  const auto set = overlay_json(text, config);
  if (!set) {
    EXPECT(set.error().code == sonde::ErrorCode::ConfigError);
    EXPECT(!set.error().what.empty());
    EXPECT(sonde::config::to_json(config) == sonde::config::to_json({}));
    return 0;
  }
  EXPECT(config.validate().has_value());
  const std::string written = sonde::config::to_json(config);
  for (const std::string& again : {written, annotated(config)}) {
    sonde::EbpfConfig read;
    EXPECT(overlay_json(again, read).has_value());
    EXPECT(sonde::config::to_json(read) == written);
  }
  return 0;
}
