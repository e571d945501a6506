#include "completion.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <sonde/syscall_tracer.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "completion_model.hpp"
#include "help.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// The name of a value in the help says what it is.
ValueKind kind_of(const std::string& value_name) {
  if (value_name.find('|') != std::string::npos) return ValueKind::choice;
  if (value_name.starts_with("PID")) return ValueKind::pids;
  if (value_name.starts_with("CALL")) return ValueKind::calls;
  if (value_name == "FILE") return ValueKind::file;
  return value_name == "PATH" ? ValueKind::directory : ValueKind::free;
}

OptionModel model_of(const CLI::Option& option) {
  OptionModel model;
  for (const std::string& name : option.get_snames())
    model.shorts.push_back(name.front());
  model.longs = option.get_lnames();
  model.description = option.get_description();
  if (option.get_expected_min() == 0) return model;
  model.value_name = option.get_type_name();
  model.kind = kind_of(model.value_name);
  if (model.kind == ValueKind::choice) model.choices = split(model.value_name, '|');
  if (model.kind == ValueKind::calls) model.choices = syscall_names();
  model.repeatable = option.get_multi_option_policy() != CLI::MultiOptionPolicy::TakeLast;
  return model;
}

}  // namespace

std::vector<CommandModel> command_models() {
  std::vector<CommandModel> models;
  for (const CommandEntry* entry : all_commands()) {
    CommandModel model{std::string(entry->name),
                       std::string(entry->summary),
                       entry->launches,
                       !entry->operands.empty(),
                       {}};
    CLI::App app;
    const auto command = entry->make(app);
    add_help_option(app);
    for (const CLI::Option* option : visible_options(app))
      model.options.push_back(model_of(*option));
    models.push_back(std::move(model));
  }
  return models;
}

Result<std::string> completion_script(std::string_view shell) {
  if (shell == "bash") return bash_completion(command_models());
  if (shell == "zsh") return zsh_completion(command_models());
  if (shell == "fish") return fish_completion(command_models());
  return fail(ErrorCode::ConfigError,
              fmt::format("--generate-completion: '{}' is not bash, zsh or fish", shell));
}

}  // namespace sonde::cli
