#include "config/json_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "util/fail.hpp"
#include "util/text.hpp"

namespace sonde::config {
namespace {

using nlohmann::json;

std::string line_and_column(std::string_view text, std::size_t bytes_read) {
  const std::string_view before = text.substr(0, std::max<std::size_t>(bytes_read, 1) - 1);
  const auto newline = before.rfind('\n');
  const std::size_t column =
      before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  return fmt::format("line {}, column {}", 1 + std::count(before.begin(), before.end(), '\n'),
                     column);
}

// nlohmann's messages read "[json.exception.x.101] parse error at line 1, column 2: what we want to
// show", or without the place.
std::string_view without_prefix(std::string_view message) {
  message.remove_prefix(std::min(message.size(), message.find("] ") + 2));
  if (message.starts_with("parse error at ")) {
    message.remove_prefix(std::min(message.size(), message.find(": ") + 2));
  }
  return message;
}

// nlohmann's own tree builder keeps the last of two equal keys, so the tree is built here.
class TreeBuilder final : public json::json_sax_t {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  json take_root() { return std::move(root_); }
  std::string take_error() { return std::move(error_); }

  bool null() override { return add(json(nullptr)); }
  bool boolean(bool value) override { return add(json(value)); }
  bool number_integer(number_integer_t value) override { return add(json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add(json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return add(json(value)); }
  bool string(string_t& value) override { return add(json(std::move(value))); }
  bool binary(binary_t&) override { return false; }  // cannot occur in text

  bool start_object(std::size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto [slot, inserted] = open_.back()->get_ref<json::object_t&>().emplace(name, nullptr);
    if (!inserted) {
      error_ = fmt::format("the key '{}' occurs twice in one object", text::printable(name));
      return false;
    }
    slot_ = &slot->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& reason) override {
    error_ = fmt::format("{}: {}", line_and_column(text_, position),
                         text::printable(without_prefix(reason.what())));
    return false;
  }

 private:
  json* place(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_object()) {
      *slot_ = std::move(value);
      return slot_;
    }
    open_.back()->push_back(std::move(value));
    return &open_.back()->back();
  }

  bool add(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json container) {
    if (open_.size() == kMaxJsonDepth) {
      error_ = fmt::format("nested deeper than {} levels", kMaxJsonDepth);
      return false;
    }
    // A parent does not grow while its child is open, so the pointers stay valid.
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  json root_;
  std::vector<json*> open_;
  json* slot_ = nullptr;
  std::string error_;
};

}  // namespace

Result<json> parse_json_document(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return fail(ErrorCode::ConfigError, fmt::format("the text is larger than {} bytes", max_bytes));
  }
  TreeBuilder builder(text);
  constexpr bool kStrict = true;
  constexpr bool kIgnoreComments = true;
  if (!json::sax_parse(text, &builder, json::input_format_t::json, kStrict, kIgnoreComments)) {
    return fail(ErrorCode::ConfigError, builder.take_error());
  }
  return builder.take_root();
}

}  // namespace sonde::config
