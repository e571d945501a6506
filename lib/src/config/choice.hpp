// Settings that are one of a few words.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::config {

template <class Enum, std::size_t n>
using Choices = std::array<std::pair<std::string_view, Enum>, n>;

/// Every value must be among the choices.
template <class Enum, std::size_t n>
std::string_view name_of_choice(const Choices<Enum, n>& choices, Enum value) noexcept {
  return std::ranges::find(choices, value, &std::pair<std::string_view, Enum>::second)->first;
}

template <class Enum, std::size_t n>
std::vector<std::string_view> names_of_choices(const Choices<Enum, n>& choices) {
  std::vector<std::string_view> names;
  for (const auto& choice : choices)
    names.push_back(choice.first);
  return names;
}

inline std::string plural_of(std::string_view word) {
  if (!word.ends_with('y')) return fmt::format("{}s", word);
  return fmt::format("{}ies", word.substr(0, word.size() - 1));
}

/// ConfigError "unknown event 'cycels', did you mean 'cycles'?" for no such name; `what` is one
/// word.
template <class Enum, std::size_t n>
Result<Enum> parse_choice(const Choices<Enum, n>& choices, std::string_view what,
                          std::string_view name) {
  std::array<std::string_view, n> names;
  std::string list;
  for (std::size_t i = 0; i < n; ++i) {
    if (choices[i].first == name) return choices[i].second;
    names[i] = choices[i].first;
    list += i == 0 ? "" : i + 1 == n ? " and " : ", ";
    list += names[i];
  }
  return fail(ErrorCode::ConfigError,
              fmt::format("unknown {} '{}'{}", what, name, did_you_mean(name, names)),
              fmt::format("The {} are {}", plural_of(what), list));
}

}  // namespace sonde::config
