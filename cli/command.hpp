// What a sub-command is to main(): its words in the help, its flags, and a way to run it.
#pragma once

#include <csignal>
#include <memory>
#include <sonde/error.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signals.hpp"

namespace CLI {
class App;
}

namespace sonde::cli {

struct Invocation {
  /// COMMAND and its arguments: what stood after "--".
  std::vector<std::string> launch;
  /// How signals stood when sonde was started; COMMAND gets them back.
  InheritedSignals signals;
};

class Command {
 public:
  virtual ~Command() = default;
  /// Called once, after the flags were parsed. Gives the exit status.
  virtual Result<int> run(const Invocation& invocation) = 0;
  /// Errors are to be shown with their evidence.
  virtual bool verbose() const noexcept = 0;
};

struct CommandEntry {
  std::string_view name;
  /// One line for the list of commands.
  std::string_view summary;
  /// Paragraphs at the head of the command's help.
  std::string_view description;
  /// Lines of the command's help, each a call and what it does.
  std::string_view examples;
  /// Takes "-- COMMAND".
  bool launches;
  /// What exit status 4 means; empty: the command never ends with it.
  std::string_view status_4 = {};
  /// What may follow the options, such as "[FILE...]"; empty for nothing.
  std::string_view operands = {};
  /// Adds the command's flags to `app`, which must outlive the command, as it writes into it.
  std::unique_ptr<Command> (*make)(CLI::App& app);
};

/// Every command, tracers first. The list is made by the build from meson.build's `tracers`.
std::span<const CommandEntry* const> all_commands();
/// nullptr if there is none.
const CommandEntry* find_command(std::string_view name);

}  // namespace sonde::cli
