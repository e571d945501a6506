#include "syscalls/names.hpp"

#include <fmt/format.h>

namespace sonde::syscalls {
namespace {

std::string number(std::uint64_t value, std::string_view unknown) {
  return unknown.empty() ? fmt::format("{:#x}", value)
                         : fmt::format("{:#x} /* {} */", value, unknown);
}

}  // namespace

std::string one_of(std::span<const Name> names, std::uint64_t value, std::string_view unknown) {
  for (const Name& name : names) {
    if (name.value == value) return std::string(name.name);
  }
  return number(value, unknown);
}

void add_bits(std::string& text, std::span<const Name> names, std::uint64_t value,
              std::string_view unknown) {
  const auto add = [&](std::string_view item) {
    if (!text.empty()) text += '|';
    text += item;
  };
  for (const Name& name : names) {
    if (name.value == 0 || (value & name.value) != name.value) continue;
    add(name.name);
    value &= ~name.value;
  }
  // strace has the comment only where no bit has a name.
  if (value != 0) add(number(value, text.empty() ? unknown : std::string_view()));
}

std::string bits(std::span<const Name> names, std::uint64_t value, std::string_view unknown,
                 std::string_view none) {
  std::string text;
  add_bits(text, names, value, unknown);
  return text.empty() ? std::string(none) : text;
}

std::string named_by(std::span<const NamedKind> kinds, Arg kind, std::uint64_t value) {
  const std::uint64_t low = value & 0xffffffff;
  for (const NamedKind& named : kinds) {
    if (named.kind != kind) continue;
    return named.flags ? bits(named.names, low, named.unknown, named.none)
                       : one_of(named.names, low, named.unknown);
  }
  return {};
}

}  // namespace sonde::syscalls
