#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "command.hpp"
#include "config/migrate_report.hpp"
#include "diagnostic.hpp"
#include "exit_status.hpp"
#include "migrate_files.hpp"
#include "migrate_sources.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

class MigrateConfigCommand final : public Command {
 public:
  explicit MigrateConfigCommand(CLI::App& app) {
    const auto latest = CLI::MultiOptionPolicy::TakeLast;
    constexpr const char* kWhat = "What to do with the files";
    app.add_option("operands", operands_);
    app.add_option("-o,--output", output_, "Write to FILE instead of stdout")
        ->type_name("FILE")
        ->multi_option_policy(latest)
        ->group(kWhat);
    app.add_flag("--in-place", in_place_,
                 "Replace the files, all or none of them; each is kept as FILE.bak")
        ->group(kWhat);
    app.add_flag("--check", check_, "Change nothing; exit with status 4 if a file needs migration")
        ->group(kWhat);
    app.add_flag("--report{text}", report_,
                 "What becomes of each key and why, instead of the result; --report=json for "
                 "programs")
        ->multi_option_policy(latest)
        ->group(kWhat);
    app.add_flag("--drop-unknown", options_.drop_unknown,
                 "Leave unknown keys out instead of refusing them")
        ->group(kWhat);
    app.add_option("--source", source_,
                   "Show where the Rust or C++ sources in PATH use the v0.0.x API, and a diff")
        ->type_name("PATH")
        ->multi_option_policy(latest)
        ->group("Sources");
    app.add_flag("-q,--quiet", quiet_, "Do not say what is lost; errors only")->group("Output");
  }

  Result<int> run(const Invocation&) override {
    if (auto checked = check_flags(); !checked) return tl::unexpected(checked.error());
    if (!source_.empty()) {
      const auto used = show_old_api(source_);
      if (!used) return tl::unexpected(used.error());
      return *used && check_ ? kAssertion : kDone;
    }
    const auto paths = find_config_files(operands_);
    if (!paths) return tl::unexpected(paths.error());
    const auto files = migrate_files(*paths, options_);
    if (!files) return tl::unexpected(files.error());
    if (auto done = write(*files); !done) return tl::unexpected(std::move(done.error()));
    const bool any_old = std::ranges::any_of(
        *files, [](const MigratedFile& file) { return !file.migration.already_new; });
    return check_ && any_old ? kAssertion : kDone;
  }

  bool verbose() const noexcept override { return false; }

 private:
  Result<void> check_flags() const {
    const auto refuse = [](std::string what) {
      return fail(ErrorCode::ConfigError, std::move(what), "See 'sonde migrate-config --help'");
    };
    if (!report_.empty() && report_ != "text" && report_ != "json") {
      return refuse(fmt::format("--report: '{}' is not text or json", report_));
    }
    if (!source_.empty() && (!operands_.empty() || in_place_ || !output_.empty() ||
                             !report_.empty() || options_.drop_unknown)) {
      return refuse("--source goes with --check only: it changes nothing");
    }
    if (static_cast<int>(in_place_) + static_cast<int>(check_) +
            static_cast<int>(!output_.empty()) >
        1) {
      return refuse("one of --output, --in-place and --check, not two");
    }
    const bool has_stdin =
        operands_.empty() || std::ranges::find(operands_, "-") != operands_.end();
    if (in_place_ && has_stdin) return refuse("--in-place needs the names of files");
    return {};
  }

  Result<void> write(const std::vector<MigratedFile>& files) {
    if (in_place_) {
      if (auto replaced = replace_files(files); !replaced) return replaced;
    } else if (!output_.empty() || (!check_ && report_.empty())) {
      if (auto written = write_one(files); !written) return written;
    }
    if (!report_.empty()) return print_reports(files);
    if (check_) return print_states(files);
    if (!quiet_) say_losses(files);
    return {};
  }

  Result<void> write_one(const std::vector<MigratedFile>& files) const {
    if (files.size() != 1) {
      return fail(ErrorCode::ConfigError, "several files cannot be written as one",
                  "Use --in-place, --check or --report");
    }
    const std::string& text = files.front().migration.output;
    if (output_.empty() || output_ == "-") return print(text);
    return write_file(output_, text);
  }

  Result<void> print_reports(const std::vector<MigratedFile>& files) const {
    std::string text;
    for (const auto& [path, migration] : files) {
      text += report_ == "json" ? config::report_json(path, migration)
                                : config::report_text(path, migration);
    }
    return print(text);
  }

  static Result<void> print_states(const std::vector<MigratedFile>& files) {
    std::string text;
    for (const auto& [path, migration] : files) {
      text +=
          fmt::format("{}: {}\n", path, migration.already_new ? "already new" : "needs migration");
    }
    return print(text);
  }

  static void say_losses(const std::vector<MigratedFile>& files) {
    for (const auto& [path, migration] : files) {
      for (const config::MigratedKey& key : migration.keys) {
        if (key.action != config::MigratedKey::Action::dropped) continue;
        say(fmt::format("{}: {}: dropped: {}", path, key.key, key.why));
      }
      for (const config::Comment& comment : migration.lost_comments)
        say(fmt::format("{}:{}: comment not kept: {}", path, comment.line, comment.text));
    }
  }

  std::vector<std::string> operands_;
  std::string output_;
  std::string report_;
  std::string source_;
  config::MigrateOptions options_;
  bool in_place_ = false;
  bool check_ = false;
  bool quiet_ = false;
};

}  // namespace

extern const CommandEntry migrate_config_command;
const CommandEntry migrate_config_command{
    .name = "migrate-config",
    .summary = "Turn a v0.0.x configuration into one of v0.1",
    .description =
        R"(Reads v0.0.x EbpfProfilerConfig files, JSON or TOML (from stdin without a FILE),
and writes the v0.1 EbpfConfig that means the same, as JSON. A file that is new
already comes out as it went in. A FOLDER stands for the .json, .jsonc and .toml
files in it.)",
    .examples = R"(  sonde migrate-config old.toml -o sonde.json
  sonde migrate-config --report old.json       what becomes of each key
  sonde migrate-config --in-place /etc/myapp   all files of a folder, or none
  sonde migrate-config --check conf/*.json     for CI: 4 if one is old
  sonde migrate-config --source src/ | less    the same for code
)",
    .launches = false,
    .status_4 = "--check: a file needs migration",
    .operands = "[FILE|FOLDER...|-]",
    .make = [](CLI::App& app) -> std::unique_ptr<Command> {
      return std::make_unique<MigrateConfigCommand>(app);
    }};

}  // namespace sonde::cli
