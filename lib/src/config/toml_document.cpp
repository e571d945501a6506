#include "config/toml_document.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

#include "config/comments.hpp"
#include "config/json_document.hpp"
#include "util/fail.hpp"
#include "util/text.hpp"

namespace {
struct BrokenAssumption {};
[[noreturn]] void broken_assumption() {
  throw BrokenAssumption();
}
}  // namespace

// toml++ 3.3.0 asserts what some texts do not hold, such as "[}": a death with assertions, and
// undefined behaviour without them. Either way it is to be a text that is no TOML.
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? void() : broken_assumption())
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace sonde::config {
namespace {

using nlohmann::json;

tl::unexpected<Error> too_deep() {
  return fail(ErrorCode::ConfigError, fmt::format("nested deeper than {} levels", kMaxJsonDepth));
}

std::string joined(const std::string& path, std::string_view key) {
  const std::string name = text::printable(key);
  return path.empty() ? name : fmt::format("{}.{}", path, name);
}

// A number that is not negative is unsigned, as the reader of settings expects of JSON.
json number(std::int64_t value) {
  return value < 0 ? json(value) : json(static_cast<std::uint64_t>(value));
}

Result<json> convert(const toml::node& node, const std::string& path, std::size_t depth) {
  if (const auto* const text = node.as_string()) return json(text->get());
  if (const auto* const value = node.as_integer()) return number(value->get());
  if (const auto* const value = node.as_floating_point()) return json(value->get());
  if (const auto* const value = node.as_boolean()) return json(value->get());
  if (depth == kMaxJsonDepth) return too_deep();
  if (const auto* const list = node.as_array()) {
    json array = json::array();
    for (const toml::node& element : *list) {
      auto value = convert(element, fmt::format("{}[{}]", path, array.size()), depth + 1);
      if (!value) return value;
      array.push_back(std::move(*value));
    }
    return array;
  }
  if (const auto* const table = node.as_table()) {
    json object = json::object();
    for (const auto& [key, member] : *table) {
      auto value = convert(member, joined(path, key.str()), depth + 1);
      if (!value) return value;
      object[std::string(key.str())] = std::move(*value);
    }
    return object;
  }
  return fail(ErrorCode::ConfigError, fmt::format("{}: no setting is a date or a time", path),
              R"(Write a duration as "60s" or as a number of seconds)");
}

}  // namespace

Result<json> parse_toml_document(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return fail(ErrorCode::ConfigError, fmt::format("the text is larger than {} bytes", max_bytes));
  }
  const TomlKeys keys = toml_keys(text);
  // The parser's tables nest as deep as a key has parts, and are destroyed recursively.
  if (keys.most_parts > kMaxJsonDepth) return too_deep();
  // The parser knows letters of a later TOML, and runs into __builtin_unreachable() at some others.
  if (keys.beyond_ascii != 0) {
    return fail(ErrorCode::ConfigError,
                fmt::format("line {}: a sign beyond ASCII outside of a string", keys.beyond_ascii));
  }
  try {
    return convert(toml::parse(text), "", 0);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    return fail(ErrorCode::ConfigError, fmt::format("line {}, column {}: {}", at.line, at.column,
                                                    text::printable(error.description())));
  } catch (const BrokenAssumption&) {
    return fail(ErrorCode::ConfigError, "the text is not TOML");
  }
}

}  // namespace sonde::config
