// The flags of every command that records stacks.
#pragma once

#include <map>
#include <sonde/config.hpp>
#include <string>

namespace CLI {
class App;
}

namespace sonde::cli {

struct UnwindFlags {
  std::string method;
  std::string table_bytes;
  bool no_inline = false;
  bool debuginfod = false;

  /// --stacks METHOD.
  void add_to(CLI::App& app, const std::string& group);
  /// --stacks[=METHOD], for a command that records stacks only if told to.
  void add_optional_to(CLI::App& app, const std::string& group);

  /// Whether --stacks was given.
  bool given() const noexcept { return !method.empty(); }
  /// What was given replaces that setting of `config`. ConfigError names the flag.
  Result<void> apply(EbpfConfig& config) const;
  /// The settings that were given, by their paths, with the flag of each.
  std::map<std::string, std::string> sources() const;

 private:
  void add_others_to(CLI::App& app, const std::string& group);
};

}  // namespace sonde::cli
