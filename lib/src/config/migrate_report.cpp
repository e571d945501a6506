#include "config/migrate_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/json_field.hpp"
#include "util/text.hpp"

namespace sonde::config {
namespace {

std::string arrow(const MigratedKey& key) {
  return key.to.empty() || key.to == key.key ? key.key : fmt::format("{} -> {}", key.key, key.to);
}

}  // namespace

std::string report_text(std::string_view file, const Migration& migration) {
  std::string out = fmt::format("{}: {}\n", text::printable(file),
                                migration.already_new ? "already new" : "migrated");
  std::size_t width = 0;
  for (const MigratedKey& key : migration.keys)
    width = std::max(width, arrow(key).size());
  for (const MigratedKey& key : migration.keys) {
    out += fmt::format("  {:<8} {:<{}}  {}\n", to_string(key.action), arrow(key), width, key.why);
  }
  for (const Comment& comment : migration.lost_comments) {
    out += fmt::format("  lost     the comment of line {}: {}\n", comment.line, comment.text);
  }
  return out;
}

std::string report_json(std::string_view file, const Migration& migration) {
  OrderedJson keys = OrderedJson::array();
  for (const MigratedKey& key : migration.keys) {
    keys.push_back({{"key", key.key},
                    {"action", to_string(key.action)},
                    {"to", key.to.empty() ? OrderedJson(nullptr) : OrderedJson(key.to)},
                    {"why", key.why}});
  }
  OrderedJson comments = OrderedJson::array();
  for (const Comment& comment : migration.lost_comments)
    comments.push_back({{"line", comment.line}, {"text", comment.text}});
  const OrderedJson report = {{"file", text::repair_utf8(file)},
                              {"already_new", migration.already_new},
                              {"keys", std::move(keys)},
                              {"lost_comments", std::move(comments)}};
  return report.dump() + '\n';
}

}  // namespace sonde::config
