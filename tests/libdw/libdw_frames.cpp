#include "libdw_frames.hpp"

#include <dwarf.h>
#include <gelf.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string_view>

namespace sonde::oracle {
namespace {

using Ops = std::span<const Dwarf_Op>;

// System V ABI, x86-64, figure 3.36.
constexpr int kRbp = 6;
constexpr int kRsp = 7;
constexpr int kRip = 16;

struct Based {
  std::uint64_t base = 0;
  std::int64_t offset = 0;
};

std::optional<Based> based(const Dwarf_Op& op) {
  if (op.atom == DW_OP_bregx) return Based{op.number, static_cast<std::int64_t>(op.number2)};
  if (op.atom >= DW_OP_breg0 && op.atom <= DW_OP_breg31) {
    return Based{static_cast<std::uint64_t>(op.atom) - DW_OP_breg0,
                 static_cast<std::int64_t>(op.number)};
  }
  return std::nullopt;
}

// The psABI's expression for .plt: rsp + 8 + (((rip & 15) >= n) << 3).
std::optional<std::int64_t> plt(Ops ops) {
  constexpr std::array<int, 9> kAtoms = {DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and, -1,
                                         DW_OP_ge,    DW_OP_lit3,   DW_OP_shl,   DW_OP_plus};
  if (ops.size() != kAtoms.size() || ops[0].number != 8 || ops[1].number != 0) return std::nullopt;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (kAtoms[i] >= 0 && ops[i].atom != kAtoms[i]) return std::nullopt;
  }
  const int n = ops[4].atom - DW_OP_lit0;
  return n >= 0 && n < 16 ? std::optional<std::int64_t>(n) : std::nullopt;
}

Cfa to_cfa(Ops ops) {
  if (const auto n = plt(ops)) return {Cfa::Kind::plt, kRsp, *n, 0};
  const auto base = ops.empty() ? std::nullopt : based(ops[0]);
  if (!base) return {};
  if (ops.size() == 1) return {Cfa::Kind::based, base->base, base->offset, 0};
  if (ops[1].atom != DW_OP_deref) return {};
  Cfa cfa{Cfa::Kind::dereferenced, base->base, base->offset, 0};
  if (ops.size() == 2) return cfa;
  if (ops.size() > 3 || ops[2].atom != DW_OP_plus_uconst) return {};
  cfa.add = static_cast<std::int64_t>(ops[2].number);
  return cfa;
}

Place to_place(Ops ops, bool is_same) {
  if (ops.empty()) return {is_same ? Place::Kind::same : Place::Kind::undefined, 0, 0};
  if (ops.size() == 1 && ops[0].atom == DW_OP_regx) {
    return {Place::Kind::in_register, ops[0].number, 0};
  }
  if (ops.size() == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31) {
    return {Place::Kind::in_register, static_cast<std::uint64_t>(ops[0].atom) - DW_OP_reg0, 0};
  }
  if (ops[0].atom != DW_OP_call_frame_cfa) return {};
  // An expression finds the CFA on the stack, and need not use it.
  if (const auto base = ops.size() == 2 ? based(ops[1]) : std::nullopt) {
    return {Place::Kind::at_register, base->base, base->offset};
  }
  const bool value = ops.back().atom == DW_OP_stack_value;
  const Ops rest = ops.subspan(1, ops.size() - 1 - (value ? 1 : 0));
  Place place{value ? Place::Kind::is_cfa : Place::Kind::at_cfa, 0, 0};
  if (rest.empty()) return place;
  if (rest.size() != 1 || rest[0].atom != DW_OP_plus_uconst) return {};
  place.offset = static_cast<std::int64_t>(rest[0].number);
  return place;
}

std::optional<Place> place_of(Dwarf_Frame* frame, int number) {
  std::array<Dwarf_Op, 3> memory{};
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (::dwarf_frame_register(frame, number, memory.data(), &ops, &count) != 0) return std::nullopt;
  return to_place({ops, count}, ops == nullptr);
}

std::optional<FrameRule> to_rule(Dwarf_Frame* frame, bool is_signal_frame) {
  FrameRule rule;
  rule.kind = is_signal_frame ? FrameRule::Kind::signal : FrameRule::Kind::rule;
  const auto rbp = place_of(frame, kRbp);
  const auto rsp = place_of(frame, kRsp);
  const auto rip = place_of(frame, kRip);
  if (!rbp || !rsp || !rip) return std::nullopt;
  rule.rbp = *rbp;
  rule.rsp = *rsp;
  rule.return_address = *rip;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (::dwarf_frame_cfa(frame, &ops, &count) == 0)
    rule.cfa = to_cfa({ops, count});
  else
    rule.cfa.kind = Cfa::Kind::refused;
  return rule;
}

template <class T>
T take(const std::uint8_t* at) {
  T value{};
  std::memcpy(&value, at, sizeof(value));
  return value;
}

std::optional<std::uint64_t> take_pointer(const std::uint8_t*& at, const std::uint8_t* end,
                                          std::uint8_t format) {
  const auto left = static_cast<std::size_t>(end - at);
  const std::uint8_t* const from = at;
  switch (format) {
    case DW_EH_PE_absptr:
    case DW_EH_PE_udata8:
    case DW_EH_PE_sdata8:
      if (left < 8) return std::nullopt;
      at += 8;
      return take<std::uint64_t>(from);
    case DW_EH_PE_udata4:
      if (left < 4) return std::nullopt;
      at += 4;
      return take<std::uint32_t>(from);
    case DW_EH_PE_sdata4:
      if (left < 4) return std::nullopt;
      at += 4;
      return static_cast<std::uint64_t>(std::int64_t{take<std::int32_t>(from)});
    default:
      return std::nullopt;
  }
}

// The DW_EH_PE encoding of the addresses of a CIE's FDEs; nothing where it stands behind what has
// no known width.
std::optional<std::uint8_t> encoding_of(const Dwarf_CIE& cie) {
  constexpr std::array<std::size_t, 8> kWidths = {8, 0, 2, 4, 8, 0, 0, 0};
  const std::string_view letters(cie.augmentation);
  if (letters.empty()) return std::uint8_t{DW_EH_PE_absptr};
  if (letters.front() != 'z') return std::nullopt;
  const std::uint8_t* at = cie.augmentation_data;
  for (const char letter : letters.substr(1)) {
    if (letter == 'R') return *at;
    if (letter == 'L') {
      ++at;
    } else if (letter == 'P') {
      const std::size_t width = kWidths[*at++ & 7u];
      if (width == 0) return std::nullopt;
      at += width;
    } else if (letter != 'S' && letter != 'B') {
      return std::nullopt;
    }
  }
  return std::uint8_t{DW_EH_PE_absptr};
}

struct FrameSection {
  Elf_Data* data = nullptr;
  std::uint64_t address = 0;
};

FrameSection find_section(Elf* elf, std::string_view wanted) {
  std::size_t names = 0;
  if (::elf_getshdrstrndx(elf, &names) != 0) return {};
  for (Elf_Scn* section = ::elf_nextscn(elf, nullptr); section != nullptr;
       section = ::elf_nextscn(elf, section)) {
    GElf_Shdr header{};
    if (::gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
    const char* const name = ::elf_strptr(elf, names, header.sh_name);
    if (name == nullptr || name != wanted) continue;
    if ((header.sh_flags & SHF_COMPRESSED) != 0) ::elf_compress(section, 0, 0);
    return {::elf_rawdata(section, nullptr), header.sh_addr};
  }
  return {};
}

struct CieFacts {
  std::optional<std::uint8_t> encoding;
  bool restores = false;
};

// No operand of the instructions before it looks like one in what compilers write.
bool restores(const Dwarf_CIE& cie) {
  return std::any_of(cie.initial_instructions, cie.initial_instructions_end,
                     [](std::uint8_t byte) { return (byte & 0xc0) == DW_CFA_restore; });
}

std::optional<Fde> read_fde(const FrameSection& section, const Dwarf_FDE& entry,
                            const CieFacts& cie) {
  if (!cie.encoding) return std::nullopt;
  const std::uint8_t format = *cie.encoding & 0x0f;
  const std::uint8_t relative = *cie.encoding & 0x70;
  if (relative != 0 && relative != DW_EH_PE_pcrel) return std::nullopt;
  const std::uint8_t* at = entry.start;
  const auto start = take_pointer(at, entry.end, format);
  const auto length = take_pointer(at, entry.end, format);
  if (!start || !length) return std::nullopt;
  const auto* const begin = static_cast<const std::uint8_t*>(section.data->d_buf);
  const std::uint64_t own = section.address + static_cast<std::uint64_t>(entry.start - begin);
  Fde fde;
  fde.start = *start + (relative == DW_EH_PE_pcrel ? own : 0);
  fde.end = fde.start + *length;
  fde.cie_restores = cie.restores;
  return fde;
}

}  // namespace

std::unique_ptr<LibdwFrames> LibdwFrames::open(int fd) {
  std::unique_ptr<LibdwFrames> frames(new LibdwFrames());
  frames->elf_ = ::elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  if (frames->elf_ == nullptr) return nullptr;
  frames->eh_cfi_ = ::dwarf_getcfi_elf(frames->elf_);
  frames->dwarf_ = ::dwarf_begin_elf(frames->elf_, DWARF_C_READ, nullptr);
  if (frames->dwarf_ != nullptr) frames->debug_cfi_ = ::dwarf_getcfi(frames->dwarf_);
  frames->enumerate(false, frames->eh_fdes_);
  frames->enumerate(true, frames->debug_fdes_);
  return frames;
}

LibdwFrames::~LibdwFrames() {
  if (eh_cfi_ != nullptr) ::dwarf_cfi_end(eh_cfi_);
  if (dwarf_ != nullptr) ::dwarf_end(dwarf_);
  if (elf_ != nullptr) ::elf_end(elf_);
}

void LibdwFrames::enumerate(bool debug_frame, std::vector<Fde>& fdes) {
  const FrameSection section = find_section(elf_, debug_frame ? ".debug_frame" : ".eh_frame");
  const auto* const ident = reinterpret_cast<const unsigned char*>(::elf_getident(elf_, nullptr));
  if (section.data == nullptr || section.data->d_buf == nullptr || ident == nullptr) return;
  std::map<Dwarf_Off, CieFacts> cies;
  Dwarf_Off next = 0;
  bool behind_terminator = false;
  for (Dwarf_Off offset = 0; offset < section.data->d_size; offset = next) {
    Dwarf_CFI_Entry entry{};
    const int status = ::dwarf_next_cfi(ident, section.data, !debug_frame, offset, &next, &entry);
    if (status > 0) {
      next = offset + sizeof(std::uint32_t);
      behind_terminator = true;
    } else if (next <= offset) {
      ++unread_;
      break;
    } else if (status < 0) {
      ++unread_;
    } else if (dwarf_cfi_cie_p(&entry)) {
      cies[offset] = {encoding_of(entry.cie), restores(entry.cie)};
    } else if (const auto cie = cies.find(entry.fde.CIE_pointer); cie == cies.end()) {
      ++unread_;
    } else if (auto fde = read_fde(section, entry.fde, cie->second)) {
      fde->behind_terminator = behind_terminator;
      if (fde->start != fde->end) fdes.push_back(*fde);
    } else {
      ++unread_;
    }
  }
}

void LibdwFrames::walk(bool debug_frame, const Fde& fde, const Visit& visit, const Failed& failed) {
  Dwarf_CFI* const cfi = debug_frame ? debug_cfi_ : eh_cfi_;
  for (std::uint64_t at = fde.start; at < fde.end;) {
    Dwarf_Frame* frame = nullptr;
    if (cfi == nullptr || ::dwarf_cfi_addrframe(cfi, at, &frame) != 0) {
      return failed(at, cfi == nullptr ? "no CFI" : ::dwarf_errmsg(-1));
    }
    LibdwRow row;
    bool is_signal_frame = false;
    ::dwarf_frame_info(frame, &row.start, &row.end, &is_signal_frame);
    const auto rule = to_rule(frame, is_signal_frame);
    std::free(frame);
    if (!rule) return failed(at, ::dwarf_errmsg(-1));
    row.rule = *rule;
    row.start = at;
    row.end = std::min(row.end, fde.end);
    if (row.end <= at) return failed(at, "a row without addresses");
    visit(row);
    at = row.end;
  }
}

bool LibdwFrames::covers(bool debug_frame, std::uint64_t address) {
  Dwarf_CFI* const cfi = debug_frame ? debug_cfi_ : eh_cfi_;
  Dwarf_Frame* frame = nullptr;
  if (cfi == nullptr || ::dwarf_cfi_addrframe(cfi, address, &frame) != 0) return false;
  std::free(frame);
  return true;
}

}  // namespace sonde::oracle
