#include "render/json_row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <type_traits>

#include "util/text.hpp"

namespace sonde::render {
namespace {

// Bytes that stand for themselves between quotes, and are UTF-8 on their own.
bool is_plain(char c) {
  return c >= 0x20 && c != '"' && c != '\\' && static_cast<unsigned char>(c) < 0x80;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    out += c;
  }
}

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const std::size_t start = out.size();
  fmt::format_to(std::back_inserter(out), "{}", number);
  // A whole number keeps the look of a fraction, so that readers see one type in a field.
  if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
}

}  // namespace

void append_json(std::string& out, std::string_view bytes) {
  out += '"';
  const auto plain_end = std::find_if_not(bytes.begin(), bytes.end(), is_plain);
  const auto plain = static_cast<std::size_t>(plain_end - bytes.begin());
  out += bytes.substr(0, plain);
  if (plain < bytes.size()) {
    for (const char c : text::repair_utf8(bytes.substr(plain)))
      append_escaped(out, c);
  }
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  std::visit(
      [&out](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          out += "null";
        } else if constexpr (std::is_same_v<Held, bool>) {
          out += held ? "true" : "false";
        } else if constexpr (std::is_same_v<Held, std::string>) {
          append_json(out, std::string_view(held));
        } else if constexpr (std::is_same_v<Held, std::vector<std::string>>) {
          out += '[';
          for (std::size_t i = 0; i < held.size(); ++i) {
            if (i != 0) out += ',';
            append_json(out, std::string_view(held[i]));
          }
          out += ']';
        } else if constexpr (std::is_integral_v<Held>) {
          const fmt::format_int digits(held);
          out.append(digits.data(), digits.size());
        } else {
          append_number(out, held);
        }
      },
      value);
}

JsonRow::JsonRow(const Table& table) {
  type_ = "{\"type\":";
  append_json(type_, std::string_view(table.type));
  for (const Column& column : table.columns) {
    std::string& key = keys_.emplace_back(",");
    append_json(key, std::string_view(column.key));
    key += ':';
  }
}

void JsonRow::append(std::string& out, const std::vector<Value>& row) const {
  out += type_;
  for (std::size_t i = 0; i < std::min(keys_.size(), row.size()); ++i) {
    out += keys_[i];
    append_json(out, row[i]);
  }
  out += "}\n";
}

}  // namespace sonde::render
