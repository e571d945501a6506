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
#include "symbolize/debug_files.hpp"
#include "symbolize/notices.hpp"
#include "symbolize/source_calls.hpp"
#include "symbolize/symbol_cache.hpp"

namespace sonde::symbolize {

class FileNames {
 public:
  /// `file` is null for the vDSO.
  void want(const std::shared_ptr<const process::MappedFile>& file, std::uint64_t offset);
  struct Sources {
    std::string root;
    bool inlined_calls = true;
    FetchDebugFile fetch = {};
  };
  void resolve(const Sources& sources, SymbolCache& cache, Notices& notices);

  struct Found {
    /// ELF virtual address; the offset itself if the file could not tell.
    std::uint64_t vaddr = 0;
    /// In the cache, until that is trimmed; null if nothing is known of the address.
    const Symbol* symbol = nullptr;
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
  static DebugInformation resolve_image(Job& job, const elf::Image& image,
                                        const std::string& identity, const Sources& sources,
                                        SymbolCache& cache);

  std::unordered_map<const process::MappedFile*, Job> jobs_;
};

}  // namespace sonde::symbolize
