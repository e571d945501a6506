#include <fmt/format.h>

#include "completion_model.hpp"

namespace sonde::cli {
namespace {

constexpr std::string_view kHead = R"sh(# bash completion for sonde

_sonde_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_sonde_pids() {
    local chosen='' processes i name
    [[ $1 == *,* ]] && chosen=${1%,*},
    processes=$(cd /proc && printf '%s ' [0-9]*)
    mapfile -t COMPREPLY < <(compgen -P "$chosen" -W "$processes" -- "${1##*,}")
    # Names are for the list of several: one that is left is what is inserted.
    ((${#COMPREPLY[@]} > 1)) || return
    for i in "${!COMPREPLY[@]}"; do
        read -r name 2>/dev/null <"/proc/${COMPREPLY[i]##*,}/comm" && COMPREPLY[i]+=" ($name)"
    done
}

_sonde_calls() {
    local chosen='' not=''
    [[ $2 == *,* ]] && chosen=${2%,*},
    [[ ${2##*,} == '!'* ]] && not='!'
    mapfile -t COMPREPLY < <(compgen -P "$chosen$not" -W "$1" -- "${2:${#chosen}+${#not}}")
}

_sonde_paths() {
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_sonde_launched() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$2")
    else
        _sonde_paths -f "$2"
    fi
}

_sonde() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i
    COMPREPLY=()
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            _sonde_launched $((i + 1)) "$cur"
            return
        fi
    done
    # bash makes "=" a word of its own.
    if [[ $cur == "=" ]]; then
        cur=''
    elif [[ $prev == "=" ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if ((COMP_CWORD == 1)) || { ((COMP_CWORD == 2)) && [[ ${COMP_WORDS[1]} == help ]]; }; then
)sh";

std::string pattern(const CommandModel& command, const OptionModel& option) {
  std::vector<std::string> words;
  for (const char name : option.shorts)
    words.push_back(fmt::format("\"{} -{}\"", command.name, name));
  for (const std::string& name : option.longs) {
    words.push_back(fmt::format("\"{} --{}\"", command.name, name));
  }
  return fmt::format("{}", fmt::join(words, " | "));
}

std::string action(const OptionModel& option) {
  switch (option.kind) {
    case ValueKind::choice:
      return fmt::format("_sonde_words \"{}\" \"$cur\"", fmt::join(option.choices, " "));
    case ValueKind::pids:
      return "_sonde_pids \"$cur\"";
    case ValueKind::calls:
      return fmt::format("_sonde_calls \"{}\" \"$cur\"", fmt::join(option.choices, " "));
    case ValueKind::file:
      return "_sonde_paths -f \"$cur\"";
    case ValueKind::directory:
      return "_sonde_paths -d \"$cur\"";
    case ValueKind::none:
    case ValueKind::free:
      break;
  }
  return ":";
}

std::string all_spellings(const CommandModel& command) {
  std::vector<std::string> words;
  for (const OptionModel& option : command.options) {
    for (const char name : option.shorts)
      words.push_back(fmt::format("-{}", name));
    for (const std::string& name : option.longs)
      words.push_back("--" + name);
  }
  if (command.launches) words.emplace_back("--");
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::string bash_completion(const std::vector<CommandModel>& commands) {
  std::string names = "help";
  for (const CommandModel& command : commands)
    names += ' ' + command.name;
  std::string script(kHead);
  script += fmt::format(
      "        _sonde_words \"{} --help --version --schema --config-schema\" \"$cur\"\n"
      "        return\n    fi\n    case \"${{COMP_WORDS[1]}} $prev\" in\n",
      names);
  for (const CommandModel& command : commands) {
    for (const OptionModel& option : command.options) {
      if (option.kind == ValueKind::none) continue;
      script += fmt::format("        {})\n            {}\n            return\n            ;;\n",
                            pattern(command, option), action(option));
    }
  }
  script += "    esac\n    case ${COMP_WORDS[1]} in\n";
  for (const CommandModel& command : commands) {
    if (command.takes_files) {
      script += fmt::format(
          "        {})\n            if [[ $cur == -* ]]; then\n"
          "                _sonde_words \"{}\" \"$cur\"\n            else\n"
          "                _sonde_paths -f \"$cur\"\n            fi\n            ;;\n",
          command.name, all_spellings(command));
      continue;
    }
    script += fmt::format(
        "        {})\n            _sonde_words \"{}\" \"$cur\"\n"
        "            ;;\n",
        command.name, all_spellings(command));
  }
  return script + "    esac\n}\n\ncomplete -F _sonde sonde\n";
}

}  // namespace sonde::cli
