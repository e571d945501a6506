// The option tree as a completion script needs it.
#pragma once

#include <string>
#include <vector>

namespace sonde::cli {

enum class ValueKind {
  none,  // a flag
  choice,
  pids,
  calls,  // some of the choices, with commas between them
  file,
  directory,
  free,  // nothing to suggest
};

struct OptionModel {
  std::vector<char> shorts;
  std::vector<std::string> longs;
  std::string description;
  ValueKind kind = ValueKind::none;
  /// What the value is called, such as "TIME".
  std::string value_name;
  std::vector<std::string> choices;
  bool repeatable = false;
};

struct CommandModel {
  std::string name;
  std::string summary;
  bool launches = false;
  /// Names of files may follow the options.
  bool takes_files = false;
  std::vector<OptionModel> options;
};

/// Every command, with the options that the help shows.
std::vector<CommandModel> command_models();

std::string bash_completion(const std::vector<CommandModel>& commands);
std::string zsh_completion(const std::vector<CommandModel>& commands);
std::string fish_completion(const std::vector<CommandModel>& commands);

}  // namespace sonde::cli
