#include "render/json_stacks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "render/json_row.hpp"

namespace sonde::render {
namespace {

// {"samples","count"} is "count", {"errors","count"} is "errors", {"cpu","nanoseconds"} is
// "cpu_ns", {"alloc","bytes"} is "alloc_bytes".
std::string value_key(const SampleType& type) {
  if (!type.key.empty()) return type.key;
  if (type.type == "samples") return "count";
  if (type.unit == "count") return type.type;
  return type.type + "_" + (type.unit == "nanoseconds" ? "ns" : type.unit);
}

std::string before_value(std::string_view key) {
  std::string text = ",";
  append_json(text, key);
  text += ':';
  return text;
}

}  // namespace

JsonStacks::JsonStacks(const StackProfile& profile)
    : profile_(profile), type_("{\"type\":"), frames_(profile.frames.size()) {
  append_json(type_, std::string_view(profile.type));
  if (!profile.tracer.empty()) {
    tracer_ = before_value("tracer");
    append_json(tracer_, std::string_view(profile.tracer));
  }
  for (const SampleType& type : profile.sample_types)
    value_keys_.push_back(before_value(value_key(type)));
  for (const auto& detail : profile.details)
    detail_keys_.push_back(before_value(detail.key));
}

const std::string& JsonStacks::frame(std::uint32_t index) {
  std::string& text = frames_[index];
  if (!text.empty()) return text;
  const Frame& frame = profile_.frames[index];
  text = "{\"name\":";
  append_json(text, std::string_view(frame.name));
  text += ",\"module\":";
  if (frame.module < profile_.modules.size()) {
    append_json(text, std::string_view(profile_.modules[frame.module].path));
  } else {
    text += "null";
  }
  fmt::format_to(std::back_inserter(text), ",\"kind\":\"{}\",\"address\":\"{:#x}\"",
                 to_string(frame.kind), frame.address);
  if (frame.file < profile_.files.size()) {
    text += ",\"file\":";
    append_json(text, std::string_view(profile_.files[frame.file]));
    fmt::format_to(std::back_inserter(text), ",\"line\":{}", frame.line);
  }
  text += '}';
  return text;
}

void JsonStacks::append(std::string& out, const Stack& stack) {
  out += type_;
  fmt::format_to(std::back_inserter(out), ",\"pid\":{}", stack.pid);
  if (!profile_.by_process) fmt::format_to(std::back_inserter(out), ",\"tid\":{}", stack.tid);
  out += ",\"comm\":";
  append_json(out, std::string_view(stack.comm));
  out += tracer_;
  for (std::size_t i = 0; i < std::min(value_keys_.size(), stack.values.size()); ++i) {
    out += value_keys_[i];
    fmt::format_to(std::back_inserter(out), "{}", stack.values[i]);
  }
  for (std::size_t i = 0; i < std::min(detail_keys_.size(), stack.details.size()); ++i) {
    out += detail_keys_[i];
    append_json(out, stack.details[i]);
  }
  out += ",\"frames\":[";
  for (std::size_t i = 0; i < stack.frames.size(); ++i) {
    if (i != 0) out += ',';
    out += frame(stack.frames[i]);
  }
  out += "]}\n";
}

}  // namespace sonde::render
