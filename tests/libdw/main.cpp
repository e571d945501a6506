// Compares our reading of call frame information with elfutils', over the files that are named and
// all files of the folders that are named. Says how many rows it compared; fails on a difference.
#include <elfutils/libdw.h>
#include <fmt/format.h>
#include <libelf.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "compare_file.hpp"

namespace {

namespace fs = std::filesystem;
using sonde::oracle::Comparison;

// Each file once, whatever its names.
class Files {
 public:
  void add(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return;
    if (S_ISDIR(status.st_mode)) return add_folder(path);
    if (!S_ISREG(status.st_mode) || !seen_.insert({status.st_dev, status.st_ino}).second) return;
    paths_.push_back(path.string());
  }
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  void add_folder(const fs::path& folder) {
    const auto options = fs::directory_options::skip_permission_denied;
    for (const auto& entry : fs::recursive_directory_iterator(folder, options)) {
      if (!entry.is_symlink() && entry.is_regular_file()) add(entry.path());
    }
  }

  std::set<std::pair<dev_t, ino_t>> seen_;
  std::vector<std::string> paths_;
};

struct Totals {
  Comparison comparison;
  std::set<std::string> dictionary;  // the bytes of its entries
};

void compare_all(const std::vector<std::string>& paths, std::atomic<std::size_t>& next,
                 Totals& totals, std::mutex& lock) {
  for (std::size_t i = next++; i < paths.size(); i = next++) {
    std::vector<unwind_dictionary_entry> entries;
    const Comparison one = sonde::oracle::compare_file(paths[i], entries);
    const std::lock_guard guard(lock);
    totals.comparison.add(one);
    for (const unwind_dictionary_entry& entry : entries)
      totals.dictionary.emplace(reinterpret_cast<const char*>(&entry), sizeof(entry));
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::elf_version(EV_CURRENT);
  Files files;
  for (int i = 1; i < argc; ++i)
    files.add(argv[i]);

  Totals totals;
  std::mutex lock;
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
    workers.emplace_back([&] { compare_all(files.paths(), next, totals, lock); });
  for (std::thread& worker : workers)
    worker.join();

  const Comparison& all = totals.comparison;
  fmt::print("{} programs and libraries, {} FDEs: {} rows of libdw and {} of ours compared\n",
             all.files, all.fdes, all.libdw_rows, all.our_rows);
  for (const auto& [reason, count] : all.explained)
    fmt::print("  {:>9} {}\n", count, reason);
  fmt::print("  {:>9} different dictionary entries, of {} that a session can hold\n",
             totals.dictionary.size(), UNWIND_DICTIONARY_MAX);
  for (const std::string& difference : all.different)
    fmt::print("different: {}\n", difference);
  fmt::print("{} rows differ\n", all.different_rows);
  return all.files > 0 && all.libdw_rows > 0 && all.different_rows == 0 &&
                 totals.dictionary.size() <= UNWIND_DICTIONARY_MAX
             ? 0
             : 1;
}
