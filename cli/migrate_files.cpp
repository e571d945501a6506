#include "migrate_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "config_file.hpp"
#include "diagnostic.hpp"
#include "sink/file_sink.hpp"
#include "util/fail.hpp"

namespace sonde::cli {
namespace {

bool is_config_name(std::string_view name) {
  return !name.starts_with('.') &&
         (name.ends_with(".json") || name.ends_with(".jsonc") || name.ends_with(".toml"));
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<std::vector<std::string>> config_files_of(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (open == nullptr) return fail_errno(ErrorCode::ConfigError, folder);
  std::vector<std::string> files;
  while (const dirent* const entry = ::readdir(open.get())) {
    const std::string path =
        fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", entry->d_name);
    if (is_config_name(entry->d_name) && !is_folder(path)) files.push_back(path);
  }
  if (files.empty()) {
    return fail(ErrorCode::ConfigError, fmt::format("{}: no file ends in .json or .toml", folder));
  }
  std::ranges::sort(files);
  return files;
}

std::string backup_of(const std::string& path) {
  return path + ".bak";
}

// One file on its way: nothing of it is visible before replace(), and undo() takes that back.
class Replacement {
 public:
  static Result<Replacement> prepare(const MigratedFile& file) {
    const std::string backup = backup_of(file.path);
    struct stat status {};
    if (::lstat(backup.c_str(), &status) == 0) {
      return fail(ErrorCode::ConfigError, fmt::format("{} exists", backup),
                  "Move it out of the way first");
    }
    auto sink = sink::FileSink::open(file.path);
    if (!sink) return tl::unexpected(std::move(sink.error()));
    if (auto written = (*sink)->write(file.migration.output); !written) {
      return tl::unexpected(std::move(written.error()));
    }
    if (auto written = (*sink)->flush(); !written)
      return tl::unexpected(std::move(written.error()));
    return Replacement(file.path, std::move(*sink));
  }

  Result<void> replace() {
    if (auto kept = keep_backup(); !kept) return kept;
    has_backup_ = true;
    if (auto committed = sink_->commit(); !committed) return committed;
    replaced_ = true;
    return {};
  }

  void undo() {
    const std::string backup = backup_of(path_);
    const bool restored = !replaced_ || (copied_ ? write_file(path_, *copied_).has_value()
                                                 : ::rename(backup.c_str(), path_.c_str()) == 0);
    if (!restored) {
      say(fmt::format("{} could not be put back; what it was is in {}", path_, backup));
    } else if (has_backup_) {
      // Already gone where it was renamed.
      ::unlink(backup.c_str());
    }
  }

 private:
  Replacement(std::string path, std::unique_ptr<sink::FileSink> sink)
      : path_(std::move(path)), sink_(std::move(sink)) {}

  // A second name for the old file has its content, owner and mode at every moment. Where there can
  // be none (another file system behind a link, another owner with fs.protected_hardlinks, FAT) it
  // is a copy.
  Result<void> keep_backup() {
    const std::string backup = backup_of(path_);
    if (::linkat(AT_FDCWD, path_.c_str(), AT_FDCWD, backup.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      return {};
    }
    if (errno == EEXIST) return fail_errno(ErrorCode::OutputFailed, "write " + backup);
    auto text = read_config_text(path_);
    if (!text) return tl::unexpected(std::move(text.error()));
    copied_ = std::move(*text);
    return write_file(backup, *copied_);
  }

  std::string path_;
  std::unique_ptr<sink::FileSink> sink_;
  std::optional<std::string> copied_;
  bool has_backup_ = false;
  bool replaced_ = false;
};

}  // namespace

Result<void> write_file(const std::string& path, const std::string& text) {
  auto file = sink::FileSink::open(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  if (auto written = (*file)->write(text); !written) return written;
  return (*file)->commit();
}

Result<std::vector<std::string>> find_config_files(const std::vector<std::string>& operands) {
  if (operands.empty()) return std::vector<std::string>{"-"};
  std::vector<std::string> files;
  for (const std::string& operand : operands) {
    if (!is_folder(operand)) {
      files.push_back(operand);
      continue;
    }
    auto inside = config_files_of(operand);
    if (!inside) return inside;
    files.insert(files.end(), inside->begin(), inside->end());
  }
  return files;
}

Result<std::vector<MigratedFile>> migrate_files(const std::vector<std::string>& paths,
                                                config::MigrateOptions options) {
  std::vector<MigratedFile> files;
  std::optional<Error> last_error;
  const auto keep_error = [&](Error error) {
    if (last_error) say(*last_error);
    last_error = std::move(error);
  };
  for (const std::string& path : paths) {
    const auto text = read_config_text(path);
    if (!text) {
      keep_error(text.error());
      continue;
    }
    auto migration = config::migrate_config(*text, config::language_of(path, *text), options);
    if (migration) {
      files.push_back({path, std::move(*migration)});
      continue;
    }
    migration.error().what =
        fmt::format("{}: {}", path == "-" ? "stdin" : path, migration.error().what);
    keep_error(std::move(migration.error()));
  }
  if (last_error) return tl::unexpected(std::move(*last_error));
  return files;
}

Result<void> replace_files(const std::vector<MigratedFile>& files) {
  std::vector<Replacement> replacements;
  for (const MigratedFile& file : files) {
    if (file.migration.already_new) continue;
    auto prepared = Replacement::prepare(file);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    replacements.push_back(std::move(*prepared));
  }
  for (Replacement& each : replacements) {
    if (auto replaced = each.replace(); !replaced) {
      for (Replacement& other : replacements)
        other.undo();
      return replaced;
    }
  }
  return {};
}

}  // namespace sonde::cli
