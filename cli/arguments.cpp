#include "arguments.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::cli {
namespace {

tl::unexpected<Error> usage_error(std::string what, std::string_view name) {
  return fail(ErrorCode::ConfigError, std::move(what), fmt::format("See '{} --help'", name));
}

tl::unexpected<Error> unexpected_argument(const CLI::App& app, std::string_view name) {
  const std::vector<std::string> rest = app.remaining();
  const auto option = std::ranges::find_if(
      rest, [](const std::string& word) { return word.size() > 1 && word.front() == '-'; });
  if (option == rest.end()) {
    const std::string_view word = rest.empty() ? std::string_view{} : rest.front();
    return usage_error(fmt::format("unexpected argument '{}'; a COMMAND goes after '--'", word),
                       name);
  }
  const std::string word = option->substr(0, option->find('='));
  std::vector<std::string> known;
  for (const CLI::Option* each : visible_options(app)) {
    for (std::string& spelling : spellings(*each))
      known.push_back(std::move(spelling));
  }
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  // Every short option is one letter away from every other: a suggestion would be a guess.
  const std::string hint = word.size() > 2 ? did_you_mean(word, candidates) : std::string{};
  return usage_error(fmt::format("unknown option '{}'{}", word, hint), name);
}

}  // namespace

Result<Parsed> parse_arguments(CLI::App& app, std::string_view name,
                               const std::vector<std::string>& arguments) {
  try {
    // CLI11 takes a vector from its back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return Parsed::help;
  } catch (const CLI::ExtrasError&) {
    return unexpected_argument(app, name);
  } catch (const CLI::ArgumentMismatch& mismatch) {
    const std::string_view what = mismatch.what();  // "--duration: 1 required TIME missing"
    return usage_error(fmt::format("'{}' needs a value", what.substr(0, what.find(':'))), name);
  } catch (const CLI::Error& error) {
    return usage_error(error.what(), name);
  }
  for (const CLI::Option* option : app.get_options()) {
    const auto& values = option->results();
    if (option->get_expected_min() > 0 && std::ranges::find(values, "") != values.end()) {
      if (option->get_positional()) return usage_error("an empty operand", name);
      return usage_error(fmt::format("'--{}' needs a value", option->get_lnames().front()), name);
    }
  }
  return Parsed::flags;
}

tl::unexpected<Error> for_flag(std::string_view flag, Error error) {
  error.what = fmt::format("{}: {}", flag, error.what);
  return tl::unexpected(std::move(error));
}

std::vector<const CLI::Option*> visible_options(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) {
    return !option->get_group().empty() && !option->get_positional();
  });
}

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> all;
  for (const std::string& name : option.get_snames())
    all.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    all.push_back("--" + name);
  return all;
}

}  // namespace sonde::cli
