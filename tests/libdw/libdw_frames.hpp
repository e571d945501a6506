// The frames of an ELF file as elfutils reads them.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "frame_rule.hpp"

namespace sonde::oracle {

/// libdw's answer for all addresses of [start, end).
struct LibdwRow {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  FrameRule rule;
};

struct Fde {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  /// libdw stops at an entry of length 0, as the kernel's and libgcc's readers do; `ld -r` and
  /// hand-made objects leave some in the middle.
  bool behind_terminator = false;
  /// Its CIE has a DW_CFA_restore, which libdw refuses there.
  bool cie_restores = false;

  bool operator<(const Fde& other) const { return start < other.start; }
};

class LibdwFrames {
 public:
  /// Empty if elfutils cannot open the file. Needs elf_version() to have been called.
  static std::unique_ptr<LibdwFrames> open(int fd);
  ~LibdwFrames();
  LibdwFrames(const LibdwFrames&) = delete;
  LibdwFrames& operator=(const LibdwFrames&) = delete;

  /// In the order of the file.
  const std::vector<Fde>& eh_frame() const { return eh_fdes_; }
  const std::vector<Fde>& debug_frame() const { return debug_fdes_; }
  /// FDEs whose addresses were not to be read.
  std::uint64_t unread() const { return unread_; }

  /// Calls `visit` with each row of an FDE of .eh_frame, or of .debug_frame. `failed` gets the
  /// address at which libdw reports an error, and what it is; the walk ends there.
  using Visit = std::function<void(const LibdwRow&)>;
  using Failed = std::function<void(std::uint64_t address, const std::string& what)>;
  void walk(bool debug_frame, const Fde& fde, const Visit& visit, const Failed& failed);
  bool covers(bool debug_frame, std::uint64_t address);

 private:
  LibdwFrames() = default;
  void enumerate(bool debug_frame, std::vector<Fde>& fdes);

  Elf* elf_ = nullptr;
  Dwarf* dwarf_ = nullptr;
  Dwarf_CFI* eh_cfi_ = nullptr;
  Dwarf_CFI* debug_cfi_ = nullptr;
  std::vector<Fde> eh_fdes_;
  std::vector<Fde> debug_fdes_;
  std::uint64_t unread_ = 0;
};

}  // namespace sonde::oracle
