#include <fmt/format.h>

#include "completion_model.hpp"

namespace sonde::cli {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string action(const OptionModel& option) {
  switch (option.kind) {
    case ValueKind::choice:
      return fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(option.choices, " "))));
    case ValueKind::pids:
      return " -x -a '(__fish_append , (__fish_complete_pids))'";
    case ValueKind::calls:
      return fmt::format(" -x -a '(__fish_append , {})'", fmt::join(option.choices, " "));
    case ValueKind::file:
      return " -r -F";
    case ValueKind::directory:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::free:
      return " -x";
    case ValueKind::none:
      break;
  }
  return {};
}

}  // namespace

std::string fish_completion(const std::vector<CommandModel>& commands) {
  std::string script = R"(# fish completion for sonde

function __sonde_launches
    contains -- -- (commandline -opc)
end

complete -c sonde -f
complete -c sonde -n __fish_use_subcommand -a help -d 'Show the help of a command'
complete -c sonde -n __fish_use_subcommand -s h -l help -d 'Show the help'
complete -c sonde -n __fish_use_subcommand -l version -d 'Show the version'
complete -c sonde -n __fish_use_subcommand -l schema -d 'Print the JSON Schema of --format json'
complete -c sonde -n __fish_use_subcommand -l config-schema -d 'Print the JSON Schema of configuration files'
complete -c sonde -n __sonde_launches -F -a '(__fish_complete_command)'
)";
  for (const CommandModel& command : commands) {
    script += fmt::format("\ncomplete -c sonde -n __fish_use_subcommand -a {0} -d {1}\n",
                          command.name, quoted(command.summary));
    script += fmt::format("complete -c sonde -n '__fish_seen_subcommand_from help' -a {}\n",
                          command.name);
    if (command.takes_files) {
      script +=
          fmt::format("complete -c sonde -n '__fish_seen_subcommand_from {}' -F\n", command.name);
    }
    for (const OptionModel& option : command.options) {
      script += fmt::format("complete -c sonde -n '__fish_seen_subcommand_from {}'", command.name);
      for (const char name : option.shorts)
        script += fmt::format(" -s {}", name);
      for (const std::string& name : option.longs)
        script += " -l " + name;
      script += fmt::format("{} -d {}\n", action(option), quoted(option.description));
    }
  }
  return script;
}

}  // namespace sonde::cli
