#include "libdwfl_stacks.hpp"

#include <fmt/format.h>
#include <gelf.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "unwind_event.h"

namespace sonde::oracle {
namespace {

constexpr std::uint64_t kEntryLength = 64;
constexpr int kRip = 16;

const Dwfl_Callbacks kCallbacks = [] {
  static char no_debug_files[] = "";
  static char* path = no_debug_files;
  Dwfl_Callbacks callbacks{};
  callbacks.find_elf = ::dwfl_linux_proc_find_elf;
  callbacks.find_debuginfo = ::dwfl_standard_find_debuginfo;
  callbacks.debuginfo_path = &path;
  return callbacks;
}();

}  // namespace

std::unique_ptr<LibdwflStacks> LibdwflStacks::open(pid_t pid) {
  static const Dwfl_Thread_Callbacks threads = {next_thread,   get_thread, read_memory,
                                                set_registers, nullptr,    nullptr};
  std::unique_ptr<LibdwflStacks> stacks(new LibdwflStacks());
  Dwfl* const dwfl = ::dwfl_begin(&kCallbacks);
  stacks->dwfl_ = dwfl;
  if (dwfl == nullptr || ::dwfl_linux_proc_report(dwfl, pid) != 0 ||
      ::dwfl_report_end(dwfl, nullptr, nullptr) != 0 ||
      !::dwfl_attach_state(dwfl, nullptr, pid, &threads, stacks.get())) {
    return nullptr;
  }
  return stacks;
}

LibdwflStacks::~LibdwflStacks() {
  if (dwfl_ != nullptr) ::dwfl_end(dwfl_);
}

pid_t LibdwflStacks::next_thread(Dwfl*, void* self, void** thread) {
  if (*thread != nullptr) return 0;
  *thread = self;
  return static_cast<LibdwflStacks*>(self)->sample_.tid;
}

bool LibdwflStacks::get_thread(Dwfl*, pid_t, void* self, void** thread) {
  *thread = self;
  return true;
}

bool LibdwflStacks::read_memory(Dwfl*, Dwarf_Addr address, Dwarf_Word* word, void* self) {
  auto& stacks = *static_cast<LibdwflStacks*>(self);
  const std::uint64_t offset = address - stacks.sample_.registers[UNWIND_REGISTER_RSP];
  const std::size_t size = stacks.sample_.memory.size();
  if (offset > size || size - offset < sizeof(*word)) {
    stacks.result_.ran_out = true;
    return false;
  }
  std::memcpy(word, stacks.sample_.memory.data() + offset, sizeof(*word));
  return true;
}

bool LibdwflStacks::set_registers(Dwfl_Thread* thread, void* self) {
  const auto& registers = static_cast<LibdwflStacks*>(self)->sample_.registers;
  return ::dwfl_thread_state_registers(thread, 0, static_cast<unsigned>(registers.size()),
                                       registers.data());
}

int LibdwflStacks::add_frame(Dwfl_Frame* frame, void* self) {
  auto& frames = static_cast<LibdwflStacks*>(self)->result_.frames;
  Dwarf_Addr pc = 0;
  bool is_activation = false;
  if (!::dwfl_frame_pc(frame, &pc, &is_activation)) return DWARF_CB_ABORT;
  // The outermost frame's caller, where its return address is 0, is none.
  if (pc == 0) return DWARF_CB_ABORT;
  frames.push_back(pc);
  return frames.size() < SONDE_MAX_UNWOUND_FRAMES ? DWARF_CB_OK : DWARF_CB_ABORT;
}

DwflStack LibdwflStacks::unwind(const SampledStack& sample) {
  sample_ = sample;
  result_ = {};
  ::dwfl_getthread_frames(dwfl_, sample.tid, add_frame, this);
  return std::move(result_);
}

bool LibdwflStacks::is_entry(std::uint64_t address) const {
  Dwfl_Module* const module = ::dwfl_addrmodule(dwfl_, address);
  if (module == nullptr) return false;
  GElf_Addr bias = 0;
  Elf* const elf = ::dwfl_module_getelf(module, &bias);
  GElf_Ehdr header{};
  if (elf != nullptr && ::gelf_getehdr(elf, &header) != nullptr && header.e_entry != 0 &&
      address - (header.e_entry + bias) <= kEntryLength) {
    return true;
  }
  Dwarf_CFI* const cfi = ::dwfl_module_eh_cfi(module, &bias);
  Dwarf_Frame* frame = nullptr;
  // A return address may be the first behind the function.
  if (cfi == nullptr || ::dwarf_cfi_addrframe(cfi, address - 1 - bias, &frame) != 0) return false;
  std::array<Dwarf_Op, 3> memory{};
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  const int status = ::dwarf_frame_register(frame, kRip, memory.data(), &ops, &count);
  std::free(frame);
  return status == 0 && count == 0 && ops == memory.data();
}

std::string LibdwflStacks::describe(std::uint64_t address) const {
  Dwfl_Module* const module = ::dwfl_addrmodule(dwfl_, address);
  if (module == nullptr) return fmt::format("{:#x}", address);
  const char* const file =
      ::dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  GElf_Off offset = 0;
  GElf_Sym symbol{};
  const char* const name =
      ::dwfl_module_addrinfo(module, address, &offset, &symbol, nullptr, nullptr, nullptr);
  const std::string_view path(file == nullptr ? "?" : file);
  const std::string_view base = path.substr(path.rfind('/') + 1);
  if (name == nullptr) return fmt::format("{}", base);
  return fmt::format("{}+{:#x} of {}", name, offset, base);
}

}  // namespace sonde::oracle
