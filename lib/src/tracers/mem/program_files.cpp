#include "tracers/mem/program_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "elf/dynamic.hpp"
#include "process/regular_file.hpp"

namespace sonde::tracers {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 1024;
constexpr int kMostInterpreters = 4;  // the kernel's BINPRM_MAX_RECURSION

std::string variable(std::string_view environment, std::string_view name) {
  while (!environment.empty()) {
    const std::string_view entry = environment.substr(0, environment.find('\0'));
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return std::string(entry.substr(name.size() + 1));
    environment.remove_prefix(std::min(entry.size() + 1, environment.size()));
  }
  return {};
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end != 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string real_path(const std::string& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  return error ? std::string() : real.string();
}

// sysdeps/generic/dl-cache.h of glibc.
struct CacheHeader {
  char magic[20];
  std::uint32_t count;
  std::uint32_t strings_length;
  std::uint32_t unused[5];
};
struct CacheEntry {
  std::int32_t flags;
  std::uint32_t name;
  std::uint32_t path;
  std::uint32_t os_version;
  std::uint64_t capabilities;
};
constexpr std::int32_t kX86_64 = 0x0303;

// Library → path, of those for every processor.
std::map<std::string, std::string> read_cache() {
  constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
  std::map<std::string, std::string> libraries;
  const std::string bytes = process::read_text("/etc/ld.so.cache", std::size_t{16} << 20);
  CacheHeader header{};
  if (bytes.size() < sizeof(header) || !bytes.starts_with(kMagic)) return libraries;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const auto text_at = [&](std::uint32_t offset) {
    return offset < bytes.size() ? std::string(bytes.c_str() + offset) : std::string();
  };
  for (std::size_t i = 0, at = sizeof(header);
       i < header.count && at + sizeof(CacheEntry) <= bytes.size(); ++i, at += sizeof(CacheEntry)) {
    CacheEntry entry{};
    std::memcpy(&entry, bytes.data() + at, sizeof(entry));
    if (entry.flags == kX86_64 && entry.capabilities == 0)
      libraries.try_emplace(text_at(entry.name), text_at(entry.path));
  }
  return libraries;
}

class Search {
 public:
  explicit Search(std::string_view environment)
      : library_path_(split(variable(environment, "LD_LIBRARY_PATH"), ":;")),
        preloaded_(split(variable(environment, "LD_PRELOAD"), ": ")),
        cache_(read_cache()) {}

  std::vector<std::string> run(const std::string& program) {
    add(interpreted(program));
    // Breadth first, as the linker does: what is found is appended.
    for (std::size_t i = 0; i < found_.size() && found_.size() < kMostFiles; ++i)
      add_needs_of(std::string(found_[i]), i == 0);
    return std::move(found_);
  }

 private:
  // What the kernel runs for it: of a script the interpreter.
  static std::string interpreted(std::string program) {
    constexpr std::size_t kLongestLine = 256;  // BINPRM_BUF_SIZE
    for (int i = 0; i < kMostInterpreters; ++i) {
      const std::string head = process::read_text(program, kLongestLine);
      if (!head.starts_with("#!")) break;
      const auto words = split(std::string_view(head).substr(2, head.find('\n') - 2), " \t\r");
      if (words.empty()) break;
      program = words.front();
    }
    return program;
  }

  void add(const std::string& path) {
    std::string real = real_path(path);
    if (!real.empty() && std::ranges::find(found_, real) == found_.end())
      found_.push_back(std::move(real));
  }

  void add_needs_of(const std::string& path, bool is_program) {
    UniqueFd file = process::open_regular(path);
    if (!file) return;
    const auto image = elf::Image::open(ByteSource(std::move(file)));
    if (!image) return;
    const elf::Dynamic dynamic = elf::read_dynamic(*image);
    if (!dynamic.interpreter.empty()) add(dynamic.interpreter);
    const std::string origin = fs::path(path).parent_path().string();
    if (is_program && !dynamic.interpreter.empty()) {
      for (const std::string& library : preloaded_)
        add_library(library, dynamic, origin);
    }
    for (const std::string& library : dynamic.needed)
      add_library(library, dynamic, origin);
  }

  void add_library(const std::string& name, const elf::Dynamic& of, const std::string& origin) {
    if (name.find('/') != std::string::npos) return add(with_origin(name, origin));
    std::vector<std::string> folders;
    if (of.runpath.empty()) folders = split(of.rpath, ":");
    folders.insert(folders.end(), library_path_.begin(), library_path_.end());
    for (std::string& folder : split(of.runpath, ":"))
      folders.push_back(std::move(folder));
    for (const std::string& folder : folders) {
      std::string path = with_origin(folder, origin) + "/" + name;
      if (fits(path)) return add(path);
    }
    if (const auto cached = cache_.find(name); cached != cache_.end()) return add(cached->second);
    for (const char* folder : {"/lib64/", "/usr/lib64/", "/lib/", "/usr/lib/"}) {
      if (fits(folder + name)) return add(folder + name);
    }
  }

  static std::string with_origin(std::string text, const std::string& origin) {
    for (const std::string_view name : {"$ORIGIN", "${ORIGIN}"}) {
      if (const std::size_t at = text.find(name); at != std::string::npos)
        text.replace(at, name.size(), origin);
    }
    return text;
  }

  // A library for another kind of processor is passed over.
  static bool fits(const std::string& path) {
    UniqueFd file = process::open_regular(path);
    if (!file) return false;
    const auto image = elf::Image::open(ByteSource(std::move(file)));
    return image && image->is_64_bit() && image->machine() == EM_X86_64;
  }

  std::vector<std::string> library_path_;
  std::vector<std::string> preloaded_;
  std::map<std::string, std::string> cache_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> program_files(const std::string& program, std::string_view environment) {
  return Search(environment).run(program);
}

std::vector<std::shared_ptr<const process::MappedFile>> open_program_files(
    const std::string& program, std::string_view environment) {
  std::vector<std::shared_ptr<const process::MappedFile>> files;
  for (std::string& path : program_files(program, environment)) {
    auto file = std::make_shared<process::MappedFile>();
    file->fd = process::open_regular(path);
    file->path = std::move(path);
    struct stat status = {};
    if (!file->fd || ::fstat(file->fd.get(), &status) != 0) continue;
    file->id = {status.st_dev, status.st_ino};
    files.push_back(std::move(file));
  }
  return files;
}

std::vector<std::shared_ptr<const process::MappedFile>> open_launched_files(
    const TargetFilter& filter) {
  if (!filter.from_exec || filter.program.empty() || filter.tgids.empty()) return {};
  // Its environment is the launcher's.
  const std::string environment = process::read_text(
      fmt::format("/proc/{}/environ", filter.tgids.front()), std::size_t{4} << 20);
  return open_program_files(filter.program, environment);
}

}  // namespace sonde::tracers
