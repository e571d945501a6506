// A setting of a configuration file in one declaration: how it is read, written and described.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/json_setting.hpp"
#include "util/similar.hpp"

namespace sonde::config {

/// Keeps members in the order in which they were added.
using OrderedJson = nlohmann::ordered_json;
/// Of settings that were read, such as "target.pids".
using SettingPaths = std::vector<std::string>;

template <class Object>
struct Field {
  std::string_view name;
  /// For the JSON Schema.
  std::string_view description;
  Result<void> (*read)(const JsonSetting& setting, Object& into, SettingPaths& set);
  OrderedJson (*write)(const Object& from);
  OrderedJson (*schema)();
};

template <class Member>
struct MemberPointer;
template <class O, class V>
struct MemberPointer<V O::*> {
  using Object = O;
  using Value = V;
};
template <auto member>
using ObjectOf = typename MemberPointer<decltype(member)>::Object;
template <auto member>
using ValueOf = typename MemberPointer<decltype(member)>::Value;

/// `Kind` has static read(JsonSetting) -> Result, write(value) -> OrderedJson and schema().
template <class Kind, auto member>
constexpr Field<ObjectOf<member>> field(std::string_view name, std::string_view description) {
  using Object = ObjectOf<member>;
  return {name, description,
          [](const JsonSetting& setting, Object& into, SettingPaths& set) -> Result<void> {
            auto value = Kind::read(setting);
            if (!value) return tl::unexpected(std::move(value.error()));
            into.*member = static_cast<ValueOf<member>>(std::move(*value));
            set.push_back(setting.path());
            return {};
          },
          [](const Object& from) -> OrderedJson { return Kind::write(from.*member); },
          [] { return Kind::schema(); }};
}

template <class Object>
Result<void> read_object(const JsonSetting& object, std::span<const Field<Object>> fields,
                         Object& into, SettingPaths& set) {
  auto members = object.members();
  if (!members) return tl::unexpected(std::move(members.error()));
  for (const JsonSetting& member : *members) {
    const auto known = std::ranges::find(fields, member.key(), &Field<Object>::name);
    if (known == fields.end()) {
      std::vector<std::string_view> names;
      for (const Field<Object>& other : fields)
        names.push_back(other.name);
      return member.fail("unknown key" + did_you_mean(member.key(), names));
    }
    if (auto read = known->read(member, into, set); !read) return read;
  }
  return {};
}

template <class Object>
OrderedJson write_object(std::span<const Field<Object>> fields, const Object& from) {
  OrderedJson object = OrderedJson::object();
  for (const Field<Object>& each : fields)
    object[std::string(each.name)] = each.write(from);
  return object;
}

template <class Object>
OrderedJson object_schema(std::span<const Field<Object>> fields) {
  const Object defaults;
  OrderedJson properties = OrderedJson::object();
  for (const Field<Object>& each : fields) {
    OrderedJson property = {{"description", each.description}};
    property.update(each.schema());
    // The defaults of an object are those of its members.
    if (!property.contains("properties")) property["default"] = each.write(defaults);
    properties[std::string(each.name)] = std::move(property);
  }
  return {
      {"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
}

/// A setting that is an object of others; `fields` is an array of static storage.
template <auto member, const auto& fields>
constexpr Field<ObjectOf<member>> group(std::string_view name, std::string_view description) {
  using Object = ObjectOf<member>;
  using Inner = ValueOf<member>;
  return {name, description,
          [](const JsonSetting& setting, Object& into, SettingPaths& set) {
            return read_object<Inner>(setting, fields, into.*member, set);
          },
          [](const Object& from) { return write_object<Inner>(fields, from.*member); },
          [] { return object_schema<Inner>(fields); }};
}

}  // namespace sonde::config
