#include "help.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

#include "arguments.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kTextColumn = 28;

constexpr std::string_view kExitStatuses = R"(Exit status:
  0 done   1 failed while running   2 wrong usage or configuration
  3 not permitted, or the kernel cannot do it
)";
constexpr std::string_view kLaunchStatuses =
    "  with COMMAND: its own (128 + signal); 127 not found, 126 not executable\n";

// Breaks at blanks; lines after the first begin at `column`.
std::string wrapped(std::string_view text, std::size_t column) {
  std::string out;
  std::size_t used = column;
  while (!text.empty()) {
    const auto blank = text.find(' ');
    const std::string_view word = text.substr(0, blank);
    if (used + word.size() >= kColumns && used > column) {
      out += '\n';
      out.append(column, ' ');
      used = column;
    } else if (used > column) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word.size();
    text = blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
  }
  return out;
}

std::string option_line(const CLI::Option& option) {
  std::string names = fmt::format("{}", fmt::join(spellings(option), ", "));
  if (option.get_snames().empty()) names.insert(0, "    ");
  std::string head = "  " + names;
  if (option.get_expected_min() > 0) head += ' ' + option.get_type_name();
  if (head.size() + 2 > kTextColumn) {
    head += '\n';
    head.append(kTextColumn, ' ');
  } else {
    head.append(kTextColumn - head.size(), ' ');
  }
  return head + wrapped(option.get_description(), kTextColumn) + '\n';
}

std::vector<std::string> groups_in_order(const CLI::App& app) {
  std::vector<std::string> groups;
  for (const CLI::Option* option : visible_options(app)) {
    const std::string& group = option->get_group();
    if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
  }
  return groups;
}

}  // namespace

void add_help_option(CLI::App& app) {
  app.set_help_flag("-h,--help", "Show this help")->group("Output");
}

std::string overview_help() {
  std::string text = "Usage: sonde COMMAND [OPTION...]\n\nCommands:\n";
  for (const CommandEntry* entry : all_commands()) {
    text += fmt::format("  {:<15} {}\n", entry->name, entry->summary);
  }
  return text + R"(
Options:
  -h, --help            Show this help; 'sonde COMMAND --help' shows a command's
      --version         Show the version
      --schema          Print the JSON Schema of what --format json writes
      --config-schema   Print the JSON Schema of configuration files (--config)
)";
}

std::string command_help(const CommandEntry& entry, const CLI::App& app) {
  std::string text = fmt::format("Usage: sonde {} [OPTION...]{}{}{}\n\n{}\n", entry.name,
                                 entry.operands.empty() ? "" : " ", entry.operands,
                                 entry.launches ? " [-- COMMAND [ARG...]]" : "", entry.description);
  for (const std::string& group : groups_in_order(app)) {
    text += fmt::format("\n{}:\n", group);
    for (const CLI::Option* option : visible_options(app)) {
      if (option->get_group() == group) text += option_line(*option);
    }
  }
  if (!entry.examples.empty()) text += fmt::format("\nExamples:\n{}", entry.examples);
  if (entry.launches)
    text += "\nTIME is a number with ns, us, ms, s, m or h, such as 500ms; plain numbers are s.\n";
  text += fmt::format("\n{}", kExitStatuses);
  if (!entry.status_4.empty()) text += fmt::format("  4 {}\n", entry.status_4);
  if (entry.launches) text += kLaunchStatuses;
  return text;
}

}  // namespace sonde::cli
