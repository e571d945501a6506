// Any bytes as an old configuration and as a source that uses the old API.
#include <algorithm>
#include <cstdint>
#include <sonde/config.hpp>
#include <string_view>

#include "config/json.hpp"
#include "config/migrate.hpp"
#include "config/migrate_report.hpp"
#include "config/migrate_source.hpp"
#include "expect.hpp"

namespace {

using sonde::config::ConfigLanguage;
using sonde::config::SourceLanguage;

// What is converted is a valid configuration, and is not converted again.
void migrate(std::string_view text, ConfigLanguage language, bool drop_unknown) {
  const auto first = sonde::config::migrate_config(text, language, {drop_unknown});
  if (!first) {
    EXPECT(first.error().code == sonde::ErrorCode::ConfigError);
    EXPECT(!first.error().what.empty());
    return;
  }
  EXPECT(!sonde::config::report_text("f", *first).empty());
  EXPECT(sonde::config::report_json("f", *first).ends_with("}\n"));
  EXPECT(!first->already_new || first->output == text);
  sonde::EbpfConfig config;
  EXPECT(sonde::config::overlay_json(first->output, config).has_value());
  EXPECT(config.validate().has_value());
  const auto second = sonde::config::migrate_config(first->output, ConfigLanguage::json, {});
  EXPECT(second.has_value());
  EXPECT(second->already_new);
  EXPECT(second->output == first->output);
}

// A source has the same lines afterwards, and what is left to replace has no replacement.
void scan(std::string_view text, SourceLanguage language) {
  const auto first = sonde::config::scan_source(text, language);
  EXPECT(std::ranges::count(first.changed, '\n') == std::ranges::count(text, '\n'));
  EXPECT(first.uses.empty() ? first.changed == text : true);
  EXPECT((first.changed == text) == sonde::config::unified_diff("f", text, first.changed).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const ConfigLanguage language : {ConfigLanguage::json, ConfigLanguage::toml}) {
    migrate(text, language, false);
    migrate(text, language, true);
  }
  scan(text, SourceLanguage::rust);
  scan(text, SourceLanguage::cpp);
  return 0;
}
