// EbpfConfig as a tree, for what works on settings rather than on text.
#pragma once

#include <sonde/config.hpp>
#include <string>
#include <vector>

#include "config/json_field.hpp"

namespace sonde::config {

/// As overlay_json(), of a text that was parsed.
Result<std::vector<std::string>> overlay_document(const nlohmann::json& document,
                                                  EbpfConfig& config);

OrderedJson config_document(const EbpfConfig& config);
OrderedJson config_schema_document();

}  // namespace sonde::config
