#include <fmt/format.h>

#include "completion_model.hpp"

namespace sonde::cli {
namespace {

// Inside '…' for the shell, inside […] and :…: for _arguments.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string action(const OptionModel& option) {
  switch (option.kind) {
    case ValueKind::choice:
      return fmt::format("({})", fmt::join(option.choices, " "));
    case ValueKind::pids:
      return "_sequence -s , _sonde_pids";
    case ValueKind::calls:
      return fmt::format("_sequence -s , _wanted calls expl call compadd - {}",
                         fmt::join(option.choices, " "));
    case ValueKind::file:
      return "_files";
    case ValueKind::directory:
      return "_files -/";
    case ValueKind::none:
    case ValueKind::free:
      break;
  }
  return " ";
}

std::string spec(const OptionModel& option) {
  const bool takes_value = option.kind != ValueKind::none;
  std::vector<std::string> names;
  std::vector<std::string> forms;
  for (const char name : option.shorts) {
    names.push_back(fmt::format("-{}", name));
    forms.push_back(fmt::format("-{}{}", name, takes_value ? "+" : ""));
  }
  for (const std::string& name : option.longs) {
    names.push_back("--" + name);
    forms.push_back(fmt::format("--{}{}", name, takes_value ? "=" : ""));
  }
  const std::string exclusion =
      option.repeatable ? "*" : fmt::format("({})", fmt::join(names, " "));
  const std::string form =
      forms.size() == 1 ? "'" + forms.front() : fmt::format("'{{{}}}'", fmt::join(forms, ","));
  std::string text = forms.size() == 1 ? fmt::format("'{}{}", exclusion, forms.front())
                                       : fmt::format("'{}{}", exclusion, form);
  text += fmt::format("[{}]", quoted(option.description));
  if (takes_value) {
    const std::string name = option.kind == ValueKind::choice ? "one of" : option.value_name;
    text += fmt::format(":{}:{}", quoted(name), action(option));
  }
  return text + "'";
}

}  // namespace

std::string zsh_completion(const std::vector<CommandModel>& commands) {
  std::string script = "#compdef sonde\n\n_sonde_commands() {\n  local -a commands=(\n";
  for (const CommandModel& command : commands) {
    script += fmt::format("    '{}:{}'\n", command.name, quoted(command.summary));
  }
  script +=
      "    'help:Show the help of a command'\n  )\n"
      "  _describe -t commands 'sonde command' commands\n}\n\n"
      "_sonde_pids() {\n"
      "  local -a processes\n"
      "  local folder name\n"
      "  for folder in /proc/<->(N); do\n"
      "    read -r name 2>/dev/null <$folder/comm && processes+=(${folder:t}:${name//:/\\\\:})\n"
      "  done\n"
      "  _describe -t processes process processes \"$@\"\n"
      "}\n\n"
      "_sonde() {\n"
      "  local curcontext=$curcontext state line\n"
      "  local -A opt_args\n"
      "  _arguments -C \\\n"
      "    '(- *)'{-h,--help}'[Show the help]' \\\n"
      "    '(- *)--version[Show the version]' \\\n"
      "    '(- *)--schema[Print the JSON Schema of --format json]' \\\n"
      "    '(- *)--config-schema[Print the JSON Schema of configuration files]' \\\n"
      "    '1: :_sonde_commands' \\\n"
      "    '*:: :->arguments' && return\n"
      "  [[ $state == arguments ]] || return\n"
      "  curcontext=\"${curcontext%:*:*}:sonde-$words[1]:\"\n"
      "  case $words[1] in\n"
      "    help) _arguments '1: :_sonde_commands' ;;\n";
  for (const CommandModel& command : commands) {
    script += fmt::format("    {})\n      _arguments -s -S \\\n", command.name);
    for (const OptionModel& option : command.options) {
      script += fmt::format("        {} \\\n", spec(option));
    }
    script += command.launches      ? "        '*:: :_normal'\n"
              : command.takes_files ? "        '*:file:_files'\n"
                                    : "        && return\n";
    script += "      ;;\n";
  }
  return script + "  esac\n}\n\n_sonde \"$@\"\n";
}

}  // namespace sonde::cli
