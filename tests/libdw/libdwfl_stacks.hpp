// elfutils' unwinder, on the registers and the copied stack of one sample.
#pragma once

#include <elfutils/libdwfl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sonde::oracle {

struct SampledStack {
  pid_t tid = 0;
  std::span<const std::uint64_t> registers;  // by DWARF number; the last is rip
  std::span<const std::byte> memory;         // from rsp on
};

struct DwflStack {
  std::vector<std::uint64_t> frames;  // leaf first
  /// It wanted to read beyond the copy.
  bool ran_out = false;
};

class LibdwflStacks {
 public:
  /// Reads the mappings of the process, which should not change any more. Empty if that fails.
  static std::unique_ptr<LibdwflStacks> open(pid_t pid);
  ~LibdwflStacks();
  LibdwflStacks(const LibdwflStacks&) = delete;
  LibdwflStacks& operator=(const LibdwflStacks&) = delete;

  DwflStack unwind(const SampledStack& sample);

  /// Whether a thread or a program begins here: within 64 bytes of a file's entry point, or where
  /// the return address is undefined.
  bool is_entry(std::uint64_t address) const;
  /// "function+0x10 of file", as well as it is known.
  std::string describe(std::uint64_t address) const;

 private:
  LibdwflStacks() = default;
  static pid_t next_thread(Dwfl* dwfl, void* self, void** thread);
  static bool get_thread(Dwfl* dwfl, pid_t tid, void* self, void** thread);
  static bool read_memory(Dwfl* dwfl, Dwarf_Addr address, Dwarf_Word* word, void* self);
  static bool set_registers(Dwfl_Thread* thread, void* self);
  static int add_frame(Dwfl_Frame* frame, void* self);

  Dwfl* dwfl_ = nullptr;
  SampledStack sample_;
  DwflStack result_;
};

}  // namespace sonde::oracle
