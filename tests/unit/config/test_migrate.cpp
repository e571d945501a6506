#include "config/migrate.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sonde/config.hpp>

#include "config/json.hpp"
#include "config/migrate_report.hpp"
#include "golden.hpp"

using sonde::config::ConfigLanguage;
using sonde::config::language_of;
using sonde::config::migrate_config;
using sonde::config::Migration;
using Action = sonde::config::MigratedKey::Action;

namespace {

std::vector<std::filesystem::path> cases() {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path folder = std::string(std::getenv("SONDE_GOLDEN_DIR")) + "/migrate";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".result") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

sonde::Result<Migration> migrated(const std::filesystem::path& file) {
  const std::string name = file.filename();
  const std::string text = text_of(file);
  return migrate_config(text, language_of(name, text), {name.starts_with("drop_unknown")});
}

sonde::EbpfConfig config_of(const std::string& text) {
  sonde::EbpfConfig config;
  const auto set = sonde::config::overlay_json(text, config);
  BOOST_TEST_REQUIRE(set.has_value(), (set ? "" : set.error().message()));
  return config;
}

Migration toml(const std::string& text) {
  auto migration = migrate_config(text, ConfigLanguage::toml, {});
  BOOST_TEST_REQUIRE(migration.has_value(), (migration ? "" : migration.error().message()));
  return std::move(*migration);
}

}  // namespace

// Each case gives the output and the report, or the error, that its golden file holds.
BOOST_AUTO_TEST_CASE(cases_give_their_golden_results) {
  const auto files = cases();
  BOOST_TEST(files.size() >= 36u);
  for (const auto& file : files) {
    const std::string name = file.filename();
    const auto migration = migrated(file);
    std::string result;
    if (migration) {
      result = migration->output + "----\n" + sonde::config::report_text(name, *migration) +
               sonde::config::report_json(name, *migration);
    } else {
      BOOST_TEST((migration.error().code == sonde::ErrorCode::ConfigError));
      result = "error: " + migration.error().message() + "\n";
    }
    sonde::test::check_golden("migrate/" + name + ".result", result);
  }
}

// Whatever was converted is a valid configuration, and converting it again changes no byte.
BOOST_AUTO_TEST_CASE(results_are_new_and_stay_as_they_are) {
  for (const auto& file : cases()) {
    BOOST_TEST_CONTEXT(file.filename()) {
      const auto first = migrated(file);
      if (!first) continue;
      BOOST_TEST(config_of(first->output).validate().has_value());
      const auto second = migrate_config(first->output, ConfigLanguage::json, {});
      BOOST_TEST_REQUIRE(second.has_value());
      BOOST_TEST(second->already_new);
      BOOST_TEST(second->output == first->output);
      BOOST_TEST(second->lost_comments.empty());
    }
  }
}

// The settings mean what they meant in v0.0.x, whose defaults were 99 Hz, 60 s, user stacks, no
// kernel stacks, 100000 samples.
BOOST_AUTO_TEST_CASE(meaning_is_kept) {
  using namespace std::chrono_literals;
  const auto none = config_of(toml("").output);
  BOOST_TEST(none.sample_rate == 99u);
  BOOST_TEST((none.duration == 60s));
  BOOST_TEST(none.max_samples == 100'000u);
  BOOST_TEST(none.enable_cpu_profiling);
  BOOST_TEST(none.cpu.user_stacks);
  BOOST_TEST(!none.cpu.kernel_stacks);
  for (const bool user : {false, true}) {
    for (const bool kernel : {false, true}) {
      const auto word = [](bool value) { return std::string(value ? "true" : "false"); };
      const auto both = config_of(
          toml("track_user_space = " + word(user) + "\ntrack_kernel_space = " + word(kernel))
              .output);
      BOOST_TEST(both.cpu.user_stacks == user);
      BOOST_TEST(both.cpu.kernel_stacks == kernel);
    }
  }
  for (const std::string form : {"\"1500ms\"", "1.5", "{secs = 1, nanos = 500000000}"}) {
    BOOST_TEST((config_of(toml("duration = " + form).output).duration == 1500ms));
  }
}

// Comments are found with their lines, and what looks like one in a string is none.
BOOST_AUTO_TEST_CASE(comments_have_lines) {
  const auto texts = [](const std::vector<sonde::config::Comment>& found) {
    std::string all;
    for (const auto& comment : found)
      all += std::to_string(comment.line) + comment.text + "|";
    return all;
  };
  using sonde::config::json_comments;
  using sonde::config::toml_comments;
  BOOST_TEST(texts(json_comments("// a \n{\"k//\\\"\": /* b\nc */ 1} // d")) ==
             "1// a|2/* b|3// d|");
  BOOST_TEST(texts(json_comments("/* open")) == "1/* open|");
  BOOST_TEST(texts(json_comments("\"open")) == "");
  BOOST_TEST(texts(toml_comments("a = \"#\\\"#\" # one\nb = '#' #two\n#")) == "1# one|2#two|3#|");
  BOOST_TEST(texts(toml_comments("a = \"\"\"#\n\"#\"\"\" # x\nb = '''#''' # y")) == "2# x|3# y|");
  BOOST_TEST(texts(toml_comments("a = \"open\n# b")) == "2# b|");
}

// Keys are counted by their parts, wherever dots mean something else.
BOOST_AUTO_TEST_CASE(parts_of_toml_keys) {
  const auto parts = [](std::string_view text) {
    return sonde::config::toml_keys(text).most_parts;
  };
  BOOST_TEST(parts("") == 1u);
  BOOST_TEST(parts("a.b.c = 1") == 3u);
  BOOST_TEST(parts("a = \"x.y.z\" # 1.2.3\nb = 1.5") == 2u);
  BOOST_TEST(parts("x = {a.b.c = 1, d.e = 2}\n[f.g.h.i]") == 4u);
}

// The first byte beyond ASCII is found by its line, except in strings, comments and a mark at the
// beginning.
BOOST_AUTO_TEST_CASE(signs_beyond_ascii) {
  const auto line = [](std::string_view text) {
    return sonde::config::toml_keys(text).beyond_ascii;
  };
  BOOST_TEST(line("\xEF\xBB\xBF"
                  "a = \"\xC3\xA4\" # \xC3\xA4\n") == 0u);
  BOOST_TEST(line("a = 1\n\xC3\xA4 = 2\n\xC3\xA4 = 3") == 2u);
}

// A text larger than any configuration is refused in both languages.
BOOST_AUTO_TEST_CASE(large_texts) {
  const std::string large((1 << 20) + 1, ' ');
  for (const ConfigLanguage language : {ConfigLanguage::json, ConfigLanguage::toml}) {
    const auto migration = migrate_config(large, language, {});
    BOOST_TEST_REQUIRE(!migration.has_value());
    BOOST_TEST(migration.error().message() == "the text is larger than 1048576 bytes");
  }
}

// The language is known by the name's ending, else by the first sign of the text.
BOOST_AUTO_TEST_CASE(languages) {
  const auto is_json = [](std::string_view name, std::string_view text) {
    return language_of(name, text) == ConfigLanguage::json;
  };
  BOOST_TEST(is_json("a.json", "x = 1"));
  BOOST_TEST(is_json("a.jsonc", ""));
  BOOST_TEST(is_json("a.toml", "{}"));
  BOOST_TEST(!is_json("a.toml", "[a]"));
  BOOST_TEST(is_json("a.json", "[1]"));
  BOOST_TEST(is_json("-", " \n{}"));
  BOOST_TEST(is_json("-", "// c\n{}"));
  BOOST_TEST(!is_json("-", "# c\n"));
  BOOST_TEST(!is_json("a.conf", ""));
}

// Each action has its word.
BOOST_AUTO_TEST_CASE(actions) {
  BOOST_TEST(to_string(Action::kept) == "kept");
  BOOST_TEST(to_string(Action::moved) == "moved");
  BOOST_TEST(to_string(Action::added) == "added");
  BOOST_TEST(to_string(Action::dropped) == "dropped");
}
