// The flags of every command that records stacks.
#pragma once

#include <sonde/config.hpp>
#include <string>

namespace CLI {
class App;
}

namespace sonde::cli {

struct UnwindFlags {
  std::string method;
  std::string table_bytes;

  /// --stacks METHOD.
  void add_to(CLI::App& app, const std::string& group);
  /// --stacks[=METHOD], for a command that records stacks only if told to.
  void add_optional_to(CLI::App& app, const std::string& group);

  /// Whether --stacks was given.
  bool given() const noexcept { return !method.empty(); }
  /// What was given replaces that setting of `options`. ConfigError names the flag.
  Result<void> apply(UnwindOptions& options) const;

 private:
  void add_memory_to(CLI::App& app, const std::string& group);
};

}  // namespace sonde::cli
