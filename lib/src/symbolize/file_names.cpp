#include "symbolize/file_names.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <utility>

#include "elf/vdso.hpp"
#include "process/mapped_files.hpp"
#include "symbolize/elf_symbols.hpp"
#include "symbolize/source_calls.hpp"

namespace sonde::symbolize {
namespace {

// What the same names can be expected of. A stripped file has the build-id of the file with
// symbols.
std::string cache_key(const elf::Image& image, const std::string& identity) {
  if (image.build_id().empty()) return identity;
  return fmt::format("{}{}", image.build_id(), has_full_symbols(image) ? "" : " stripped");
}

std::string identity_of(int fd) {
  struct stat status = {};
  ::fstat(fd, &status);
  return fmt::format("{}:{}:{}:{}.{}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

/// Files for which one sentence is enough, however many they are.
struct FileCount {
  std::size_t count = 0;
  std::string example;

  void add(const std::string& path) {
    if (count == 0 || path < example) example = path;
    ++count;
  }
};

const char* why_not_read(DebugInformation what) {
  switch (what) {
    case DebugInformation::split:
      return "is split into .dwo or .dwp files, which sonde does not read";
    case DebugInformation::compressed_otherwise:
      return "is compressed by another method than zlib, such as zstd, which sonde does not read";
    case DebugInformation::cut:
    case DebugInformation::complete:
      break;
  }
  return "is damaged or takes too long to read";
}

const char* consequence_of(DebugInformation what) {
  switch (what) {
    case DebugInformation::split:
      return "inlined calls are missing (build it without -gsplit-dwarf)";
    case DebugInformation::compressed_otherwise:
      return "inlined calls and source lines are missing (objcopy "
             "--compress-debug-sections=zlib FILE converts it)";
    case DebugInformation::cut:
    case DebugInformation::complete:
      break;
  }
  return "inlined calls may be missing";
}

}  // namespace

void FileNames::want(const std::shared_ptr<const process::MappedFile>& file, std::uint64_t offset) {
  Job& job = jobs_[file.get()];
  job.file = file;
  job.wanted.add(offset);
}

void FileNames::resolve(const Sources& sources, SymbolCache& cache, Notices& notices) {
  FileCount unopened;
  FileCount damaged;
  std::map<DebugInformation, FileCount> not_all_read;
  for (auto& [file, job] : jobs_) {
    if (file == nullptr) {
      if (const auto vdso = elf::open_vdso()) resolve_image(job, *vdso, "[vdso]", sources, cache);
      continue;
    }
    UniqueFd reopened;
    if (!file->fd) reopened = process::reopen(*file, sources.root);
    const int fd = file->fd ? file->fd.get() : reopened.get();
    if (fd < 0) {
      unopened.add(file->path);
      continue;
    }
    const auto image = elf::Image::open(ByteSource(fd));
    if (image) {
      not_all_read[resolve_image(job, *image, identity_of(fd), sources, cache)].add(file->path);
    } else if (!file->path.starts_with("/memfd:")) {
      damaged.add(fmt::format("{} ({})", file->path, image.error().what));
    }
  }
  if (unopened.count > 0) {
    notices.add(
        fmt::format("{} mapped file(s) could not be opened, such as {}: their frames have no names "
                    "(the process "
                    "had gone, or CAP_SYS_PTRACE is needed)",
                    unopened.count, unopened.example));
  }
  if (damaged.count > 0) {
    notices.add(fmt::format(
        "{} mapped file(s) could not be read as ELF, such as {}: their frames have no names",
        damaged.count, damaged.example));
  }
  for (const auto& [what, files] : not_all_read) {
    if (what == DebugInformation::complete) continue;
    notices.add(fmt::format("the debug information of {} mapped file(s) {}, such as {}: {}",
                            files.count, why_not_read(what), files.example, consequence_of(what)));
  }
}

DebugInformation FileNames::resolve_image(Job& job, const elf::Image& image,
                                          const std::string& identity, const Sources& sources,
                                          SymbolCache& cache) {
  job.build_id = image.build_id();
  SymbolCache::Symbols& cached = cache.symbols_of(cache_key(image, identity));
  std::vector<std::uint64_t> missing;
  for (const std::uint64_t offset : job.wanted.sorted()) {
    const auto vaddr = image.vaddr_of(offset);
    if (vaddr && !cached.contains(*vaddr)) missing.push_back(*vaddr);
  }
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  DebugInformation read = DebugInformation::complete;
  if (!missing.empty()) {
    DebugFiles files(image, job.file ? job.file->path : std::string{}, sources.root, sources.fetch);
    std::vector<Symbol> symbols;
    for (std::string& name : find_elf_names(files, missing))
      symbols.push_back({cache.intern(std::move(name)), {}});
    if (sources.inlined_calls) read = add_source_calls(files, missing, symbols, cache);
    for (std::size_t i = 0; i < missing.size(); ++i)
      cache.add(cached, missing[i], std::move(symbols[i]));
  }
  for (const std::uint64_t offset : job.wanted.sorted()) {
    if (const auto vaddr = image.vaddr_of(offset)) {
      job.found.emplace(offset, Found{*vaddr, &cached.at(*vaddr)});
    }
  }
  return read;
}

FileNames::Found FileNames::find(const process::MappedFile* file, std::uint64_t offset) const {
  const auto job = jobs_.find(file);
  if (job != jobs_.end()) {
    const auto found = job->second.found.find(offset);
    if (found != job->second.found.end()) return found->second;
  }
  return {offset, nullptr};
}

const std::string& FileNames::build_id(const process::MappedFile* file) const {
  static const std::string kNone;
  const auto job = jobs_.find(file);
  return job == jobs_.end() ? kNone : job->second.build_id;
}

}  // namespace sonde::symbolize
