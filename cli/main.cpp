#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "command.hpp"
#include "completion.hpp"
#include "config/json.hpp"
#include "diagnostic.hpp"
#include "exit_status.hpp"
#include "help.hpp"
#include "output.hpp"
#include "render/schema.hpp"
#include "util/fail.hpp"
#include "util/similar.hpp"

namespace sonde::cli {
namespace {

// A descriptor opened later must not become stdout by accident. Opened the wrong way round, so that
// using it fails with EBADF as it would have done.
void keep_standard_streams_taken() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

Result<int> show(std::string_view text) {
  if (auto printed = print(text); !printed) return tl::unexpected(std::move(printed.error()));
  return kDone;
}

tl::unexpected<Error> unknown_command(std::string_view name) {
  std::vector<std::string_view> names = {"help"};
  for (const CommandEntry* entry : all_commands())
    names.push_back(entry->name);
  return fail(ErrorCode::ConfigError,
              fmt::format("unknown command '{}'{}", name, did_you_mean(name, names)),
              "See 'sonde --help'");
}

Result<int> run_command(const CommandEntry& entry, const std::vector<std::string>& arguments,
                        Invocation invocation) {
  const std::string name = fmt::format("sonde {}", entry.name);
  const auto dashes = std::ranges::find(arguments, "--");
  const std::vector<std::string> flags(arguments.begin(), dashes);
  if (dashes != arguments.end()) invocation.launch.assign(dashes + 1, arguments.end());

  CLI::App app;
  const auto command = entry.make(app);
  add_help_option(app);
  const auto parsed = parse_arguments(app, name, flags);
  if (!parsed) return tl::unexpected(parsed.error());
  if (*parsed == Parsed::help) return show(command_help(entry, app));
  if (dashes != arguments.end() && (invocation.launch.empty() || !entry.launches)) {
    return fail(ErrorCode::ConfigError,
                entry.launches ? "no COMMAND after '--'" : "this command takes no COMMAND",
                fmt::format("See '{} --help'", name));
  }
  auto status = command->run(invocation);
  if (!status && !command->verbose()) status.error().detail.clear();
  return status;
}

Result<int> run_options(const std::vector<std::string>& arguments) {
  CLI::App app;
  bool version = false;
  bool schema = false;
  bool config_schema = false;
  std::string completion;
  app.set_help_flag("-h,--help", "Show this help");
  app.add_flag("--version", version, "Show the version");
  app.add_flag("--schema", schema, "Print the JSON Schema of what --format json writes");
  app.add_flag("--config-schema", config_schema, "Print the JSON Schema of configuration files");
  app.add_option("--generate-completion", completion, "Print a shell's completion script")
      ->group("");
  const auto parsed = parse_arguments(app, "sonde", arguments);
  if (!parsed) return tl::unexpected(parsed.error());
  if (*parsed == Parsed::help) return show(overview_help());
  if (version) return show("sonde " SONDE_VERSION "\n");
  if (schema) return show(render::json_schema());
  if (config_schema) return show(config::config_schema());
  const auto script = completion_script(completion);
  if (!script) return tl::unexpected(script.error());
  return show(*script);
}

Result<int> dispatch(std::vector<std::string> arguments, Invocation invocation) {
  if (arguments.empty()) {
    fmt::print(stderr, "{}", overview_help());
    return kUsage;
  }
  std::string first = arguments.front();
  if (first.starts_with('-')) return run_options(arguments);
  arguments.erase(arguments.begin());
  if (first == "help") {
    if (arguments.empty()) return show(overview_help());
    first = arguments.front();
    arguments = {"--help"};
  }
  const CommandEntry* const entry = find_command(first);
  if (entry == nullptr) return unknown_command(first);
  return run_command(*entry, arguments, std::move(invocation));
}

}  // namespace
}  // namespace sonde::cli

int main(int argc, char** argv) {
  using namespace sonde::cli;
  keep_standard_streams_taken();
  Invocation invocation{{}, ignore_sigpipe()};
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto status = dispatch(std::move(arguments), std::move(invocation));
  if (status) return *status;
  if (is_closed_pipe(status.error())) return kDone;
  say(status.error());
  return exit_status_of(status.error().code);
}
