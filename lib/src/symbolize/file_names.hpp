// Names for the parts of stacks that lie in mapped files and in the vDSO: first every offset is
// wanted, then each file is read once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "elf/image.hpp"
#include "process/mapping.hpp"
#include "symbolize/address_set.hpp"
#include "symbolize/notices.hpp"
#include "symbolize/symbol_cache.hpp"

namespace sonde::symbolize {

class FileNames {
 public:
  /// `file` is null for the vDSO.
  void want(const std::shared_ptr<const process::MappedFile>& file, std::uint64_t offset);
  void resolve(const std::string& root, SymbolCache& cache, Notices& notices);

  struct Found {
    /// ELF virtual address; the offset itself if the file could not tell.
    std::uint64_t vaddr = 0;
    /// In the cache, until that is trimmed; null or empty if the address has no name.
    const std::string* name = nullptr;
  };
  Found find(const process::MappedFile* file, std::uint64_t offset) const;
  const std::string& build_id(const process::MappedFile* file) const;

 private:
  struct Job {
    std::shared_ptr<const process::MappedFile> file;
    AddressSet wanted;
    std::string build_id;
    std::unordered_map<std::uint64_t, Found> found;  // by offset
  };
  static void resolve_image(Job& job, const elf::Image& image, const std::string& identity,
                            const std::string& root, SymbolCache& cache);

  std::unordered_map<const process::MappedFile*, Job> jobs_;
};

}  // namespace sonde::symbolize
