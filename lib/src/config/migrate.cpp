#include "config/migrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "config/config_document.hpp"
#include "config/json.hpp"
#include "config/json_document.hpp"
#include "config/toml_document.hpp"
#include "util/fail.hpp"
#include "util/similar.hpp"
#include "util/text.hpp"

namespace sonde::config {
namespace {

using nlohmann::json;
using Action = MigratedKey::Action;

// The keys of v0.0.x that v0.1 does not have, and what became of them: settings of the CPU
// profiler.
struct MovedKey {
  std::string_view from;
  std::string_view to;
};
constexpr std::string_view kGroup = "cpu";
constexpr std::array kMoved = {MovedKey{"track_user_space", "user_stacks"},
                               MovedKey{"track_kernel_space", "kernel_stacks"}};
// EbpfProfilerConfig's default was false, CpuOptions' is true.
constexpr MovedKey kKernel = kMoved[1];
constexpr std::array<std::string_view, 3> kSameInBoth = {"sample_rate", "duration", "max_samples"};

std::string path_of(const MovedKey& key) {
  return fmt::format("{}.{}", kGroup, key.to);
}

bool is_moved(std::string_view key) {
  return std::ranges::find(kMoved, key, &MovedKey::from) != kMoved.end();
}

bool has_old_key(const json& document) {
  return std::ranges::any_of(kMoved,
                             [&](const MovedKey& key) { return document.contains(key.from); });
}

// Such as enable_cpu_profiling and cpu, which v0.0.x did not have.
bool has_new_key(const json& document) {
  return std::ranges::any_of(document.items(), [](const auto& member) {
    return !is_moved(member.key()) &&
           std::ranges::find(kSameInBoth, member.key()) == kSameInBoth.end();
  });
}

class Migrator {
 public:
  Migrator(json document, MigrateOptions options)
      : document_(std::move(document)), options_(options) {}

  const json& document() const noexcept { return document_; }
  bool dropped_any() const noexcept { return !keys_.empty(); }
  std::vector<MigratedKey> take_keys() { return std::move(keys_); }

  Result<void> drop_unknown() { return drop_unknown_of(document_, config_schema_document(), ""); }
  Result<void> move_old_keys();
  /// The settings that the document names, as v0.1 spells them.
  Result<std::string> write();

 private:
  Result<void> drop_unknown_of(json& object, const OrderedJson& schema, const std::string& path);
  void keep(const std::string& path, const OrderedJson& written);

  json document_;
  MigrateOptions options_;
  std::vector<MigratedKey> keys_;
};

Result<void> Migrator::drop_unknown_of(json& object, const OrderedJson& schema,
                                       const std::string& path) {
  const auto known = schema.find("properties");
  // What is no object though it should be is the reader's to refuse.
  if (known == schema.end() || !object.is_object()) return {};
  std::vector<std::string_view> names;
  for (const auto& [name, property] : known->items())
    names.push_back(name);
  if (path.empty()) {
    for (const MovedKey& key : kMoved)
      names.push_back(key.from);
  }
  std::vector<std::string> unknown;
  for (auto& [key, value] : object.items()) {
    const std::string here =
        path.empty() ? text::printable(key) : fmt::format("{}.{}", path, text::printable(key));
    if (const auto property = known->find(key); property != known->end()) {
      if (auto dropped = drop_unknown_of(value, *property, here); !dropped) return dropped;
      continue;
    }
    if (std::ranges::find(names, key) != names.end()) continue;
    const std::string hint = did_you_mean(key, names);
    if (!options_.drop_unknown) {
      return fail(ErrorCode::ConfigError, fmt::format("{}: unknown key{}", here, hint),
                  "--drop-unknown leaves such keys out");
    }
    unknown.push_back(key);
    keys_.push_back({here, Action::dropped, {}, "neither v0.0.x nor v0.1 has such a key" + hint});
  }
  for (const std::string& key : unknown)
    object.erase(key);
  return {};
}

Result<void> Migrator::move_old_keys() {
  const bool all_old = !has_new_key(document_);
  const bool names_kernel = document_.contains(kKernel.from);
  for (const MovedKey& key : kMoved) {
    const auto old = document_.find(key.from);
    if (old == document_.end()) continue;
    const auto value = JsonSetting(*old, std::string(key.from)).boolean();
    if (!value) return tl::unexpected(value.error());
    json& group = document_.emplace(kGroup, json::object()).first.value();
    if (const auto members = JsonSetting(group, std::string(kGroup)).members(); !members) {
      return tl::unexpected(members.error());
    }
    if (group.contains(key.to)) {
      return fail(ErrorCode::ConfigError,
                  fmt::format("{}: the file has {}, too", key.from, path_of(key)),
                  "Remove one of them");
    }
    group[std::string(key.to)] = *value;
    document_.erase(std::string(key.from));
    keys_.push_back({std::string(key.from), Action::moved, path_of(key),
                     "the CPU profiler chooses its stacks by it"});
  }
  if (!all_old || names_kernel) return {};
  document_[std::string(kGroup)][std::string(kKernel.to)] = false;
  keys_.push_back({path_of(kKernel), Action::added, path_of(kKernel),
                   fmt::format("v0.0.x left the kernel out where {} was absent; v0.1 records it",
                               kKernel.from)});
  return {};
}

void Migrator::keep(const std::string& path, const OrderedJson& written) {
  const bool listed = std::ranges::any_of(keys_, [&](const MigratedKey& key) {
    return key.action != Action::dropped && key.to == path;
  });
  if (listed) return;
  std::string pointer = "/" + path;
  std::ranges::replace(pointer, '.', '/');
  const std::string before = document_.at(json::json_pointer(pointer)).dump();
  std::string why = "means the same in v0.1";
  if (before != written.dump()) {
    why += fmt::format("; written as {} instead of {}", written.dump(), before);
  }
  keys_.push_back({path, Action::kept, path, std::move(why)});
}

Result<std::string> Migrator::write() {
  EbpfConfig config;
  const auto set = overlay_document(document_, config);
  if (!set) return tl::unexpected(set.error());
  const auto names = [&](const std::string& path) {
    return std::ranges::find(*set, path) != set->end();
  };
  OrderedJson chosen = OrderedJson::object();
  const OrderedJson all = config_document(config);
  for (const auto& [key, value] : all.items()) {
    if (names(key)) {
      chosen[key] = value;
      keep(key, value);
      continue;
    }
    if (!value.is_object()) continue;
    for (const auto& [inner, held] : value.items()) {
      const std::string path = fmt::format("{}.{}", key, inner);
      if (!names(path)) continue;
      chosen[key][inner] = held;
      keep(path, held);
    }
  }
  constexpr int kIndent = 2;
  return chosen.dump(kIndent) + '\n';
}

}  // namespace

std::string_view to_string(MigratedKey::Action action) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"kept", "moved", "added", "dropped"};
  return kNames[static_cast<std::size_t>(action)];
}

ConfigLanguage language_of(std::string_view file_name, std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  const char first = begin == std::string_view::npos ? '\0' : text[begin];
  // No TOML begins so, whatever the file is called: it may have been converted in place.
  if (first == '{' || first == '/') return ConfigLanguage::json;
  const bool is_json = file_name.ends_with(".json") || file_name.ends_with(".jsonc");
  return is_json ? ConfigLanguage::json : ConfigLanguage::toml;
}

Result<Migration> migrate_config(std::string_view text, ConfigLanguage language,
                                 MigrateOptions options) {
  const bool is_json = language == ConfigLanguage::json;
  auto document = is_json ? parse_json_document(text, kMaxConfigBytes)
                          : parse_toml_document(text, kMaxConfigBytes);
  if (!document) return tl::unexpected(document.error());
  if (!document->is_object()) {
    EbpfConfig refused;
    return tl::unexpected(overlay_document(*document, refused).error());
  }
  Migrator migrator(std::move(*document), options);
  if (auto dropped = migrator.drop_unknown(); !dropped) {
    return tl::unexpected(std::move(dropped.error()));
  }
  Migration migration;
  const bool old_keys = has_old_key(migrator.document());
  migration.already_new = is_json && !old_keys && !migrator.dropped_any();
  if (old_keys || !is_json) {
    if (auto moved = migrator.move_old_keys(); !moved) {
      return tl::unexpected(std::move(moved.error()));
    }
  }
  auto written = migrator.write();
  if (!written) return tl::unexpected(std::move(written.error()));
  migration.keys = migrator.take_keys();
  if (migration.already_new) {
    migration.output = text;
    for (MigratedKey& key : migration.keys)
      key.why = "is of v0.1";
    return migration;
  }
  migration.output = std::move(*written);
  migration.lost_comments = is_json ? json_comments(text) : toml_comments(text);
  return migration;
}

}  // namespace sonde::config
