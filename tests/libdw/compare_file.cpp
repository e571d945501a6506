#include "compare_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "elf/image.hpp"
#include "frame_rule.hpp"
#include "libdw_frames.hpp"
#include "unwind/unwind_table.hpp"
#include "util/byte_source.hpp"
#include "util/unique_fd.hpp"

namespace sonde::oracle {
namespace {

constexpr std::size_t kMostShown = 20;

struct AddressedRule {
  std::uint64_t address = 0;
  std::uint32_t rule = 0;
};

// Without the rows that only repeat a rule at the begin of a page.
std::vector<AddressedRule> flatten(const unwind::UnwindTable& table) {
  std::vector<AddressedRule> rows;
  for (std::size_t page = 0; page < table.pages.size(); ++page) {
    const std::uint64_t base = (table.first_page + page) << UNWIND_PAGE_BITS;
    const auto of_page =
        std::span(table.rows).subspan(table.pages[page].first, table.pages[page].rows);
    for (const std::uint32_t row : of_page) {
      const std::uint32_t rule = row & UNWIND_RULE_MASK;
      if ((row >> UNWIND_RULE_BITS) == 0 && !rows.empty() && rows.back().rule == rule) continue;
      rows.push_back({base + (row >> UNWIND_RULE_BITS), rule});
    }
  }
  return rows;
}

bool is_kernel_signal_frame(const FrameRule& rule) {
  // struct rt_sigframe: rbp, rsp and rip from the ucontext on.
  return rule.kind == FrameRule::Kind::signal &&
         rule.cfa == Cfa{Cfa::Kind::dereferenced, UNWIND_REGISTER_RSP, 160, 0} &&
         rule.rbp == Place{Place::Kind::at_register, UNWIND_REGISTER_RSP, 120} &&
         rule.return_address == Place{Place::Kind::at_register, UNWIND_REGISTER_RSP, 168};
}

// Why a table has nothing where libdw has a rule; nothing if it should have.
std::optional<std::string> why_no_rule(const FrameRule& libdw) {
  if (libdw.cfa.kind == Cfa::Kind::other || libdw.cfa.kind == Cfa::Kind::refused) {
    return "no CFI: the CFA is an expression or not defined";
  }
  const bool rbp_at_other_register =
      libdw.rbp.kind == Place::Kind::at_register && libdw.rbp.base != UNWIND_REGISTER_RBP;
  if (libdw.rbp.kind == Place::Kind::other || libdw.rbp.kind == Place::Kind::in_register ||
      rbp_at_other_register) {
    return "no CFI: rbp in or at another register";
  }
  if (libdw.rsp != Place{Place::Kind::is_cfa, 0, 0}) return "no CFI: rsp is not the CFA";
  switch (libdw.return_address.kind) {
    case Place::Kind::at_cfa:
    case Place::Kind::in_register:
      return std::nullopt;
    case Place::Kind::undefined:
      return "no CFI: nothing is said of the return address";
    default:
      return "no CFI: the return address by an expression";
  }
}

bool same(const FrameRule& ours, const FrameRule& libdw) {
  if (ours.kind == FrameRule::Kind::signal) return is_kernel_signal_frame(libdw);
  if (ours.kind == FrameRule::Kind::end) return libdw.return_address.kind == Place::Kind::undefined;
  return ours.kind == FrameRule::Kind::rule && ours.cfa == libdw.cfa && ours.rbp == libdw.rbp &&
         ours.return_address == libdw.return_address && ours.rsp == libdw.rsp;
}

class FileComparison {
 public:
  FileComparison(const std::string& path, const unwind::UnwindTable& table,
                 const unwind::UnwindDictionary& dictionary, LibdwFrames& libdw)
      : path_(path), table_(table), dictionary_(dictionary), libdw_(libdw), rows_(flatten(table)) {}

  Comparison run() {
    result_.files = 1;
    compare_section(false, libdw_.eh_frame());
    compare_section(true, libdw_.debug_frame());
    compare_uncovered();
    if (libdw_.unread() != 0)
      result_.explained["entries that libdw does not read"] += libdw_.unread();
    return std::move(result_);
  }

 private:
  void compare_section(bool debug_frame, std::vector<Fde> fdes) {
    std::stable_sort(fdes.begin(), fdes.end());
    std::uint64_t covered_to = 0;
    for (std::size_t i = 0; i < fdes.size(); ++i) {
      const Fde& fde = fdes[i];
      const bool overlaps =
          fde.start < covered_to || (i + 1 < fdes.size() && fdes[i + 1].start < fde.end);
      covered_to = std::max(covered_to, fde.end);
      covered_.push_back(fde);
      if (!in_code(fde.start)) {
        ++result_.explained["FDEs of addresses without code"];
      } else if (overlaps) {
        // Which of them speaks is the reader's choice.
        ++result_.explained["FDEs that overlap"];
      } else if (debug_frame && libdw_.covers(false, fde.start)) {
        ++result_.explained["FDEs of .debug_frame that .eh_frame has, too"];
      } else {
        ++result_.fdes;
        compare_fde(debug_frame, fde);
      }
    }
  }

  void compare_fde(bool debug_frame, const Fde& fde) {
    behind_expression_ = false;
    libdw_.walk(
        debug_frame, fde,
        [&](const LibdwRow& row) {
          compare_row(row);
          behind_expression_ |= row.rule.cfa.kind == Cfa::Kind::dereferenced;
        },
        [&](std::uint64_t address, const std::string& what) {
          if (fde.behind_terminator) {
            ++result_.explained["FDEs behind a terminator, where libdw stops"];
          } else if (address == fde.start && fde.cie_restores) {
            ++result_.explained["FDEs with DW_CFA_restore in the CIE, which libdw refuses"];
          } else if (is_no_cfi(address)) {
            ++result_.explained["no CFI: libdw fails, too"];
          } else {
            differ(address, fmt::format("libdw fails: {}", what));
          }
        });
  }

  bool is_no_cfi(std::uint64_t address) const {
    return unwind::find(table_, address).value_or(unwind::kNoCfi) == unwind::kNoCfi;
  }

  void compare_row(const LibdwRow& row) {
    ++result_.libdw_rows;
    // Everything that ours says in this range must be what libdw says of all of it.
    compare_at(row.start, row);
    auto next = std::upper_bound(
        rows_.begin(), rows_.end(), row.start,
        [](std::uint64_t address, const AddressedRule& r) { return address < r.address; });
    if (next != rows_.begin() && (next - 1)->address == row.start) ++result_.our_rows;
    for (; next != rows_.end() && next->address < row.end; ++next) {
      ++result_.our_rows;
      compare_at(next->address, row);
    }
  }

  void compare_at(std::uint64_t address, const LibdwRow& row) {
    const std::uint32_t rule = unwind::find(table_, address).value_or(unwind::kNoCfi);
    const FrameRule ours = from_table(rule, dictionary_.entries());
    if (same(ours, row.rule)) return;
    if (ours.kind == FrameRule::Kind::none) {
      if (const auto why = why_no_rule(row.rule)) {
        ++result_.explained[*why];
        return;
      }
    }
    if (behind_expression_ && row.rule.cfa.kind == Cfa::Kind::refused) {
      ++result_.explained["DW_CFA_def_cfa_register behind an expression, which libdw refuses"];
      return;
    }
    differ(address, fmt::format("ours {}, libdw {}", to_text(ours), to_text(row.rule)));
  }

  // A row of ours that no FDE stands behind says that there is none, or ends the stack at the
  // entry.
  void compare_uncovered() {
    std::sort(covered_.begin(), covered_.end());
    std::uint64_t end = 0;
    auto fde = covered_.begin();
    for (const AddressedRule& row : rows_) {
      for (; fde != covered_.end() && fde->start <= row.address; ++fde)
        end = std::max(end, fde->end);
      if (row.address < end || row.rule == unwind::kNoCfi) continue;
      if (row.rule == unwind::special_rule(UNWIND_CODE_END))
        ++result_.explained["the entry point ends the stack without an FDE"];
      else
        differ(row.address, "no FDE covers this row of ours");
    }
  }

  bool in_code(std::uint64_t address) const {
    return address != 0 &&
           std::any_of(table_.segments.begin(), table_.segments.end(),
                       [&](const unwind::Segment& s) { return s.contains(address); });
  }

  void differ(std::uint64_t address, const std::string& what) {
    if (++result_.different_rows <= kMostShown)
      result_.different.push_back(fmt::format("{}: {:#x}: {}", path_, address, what));
  }

  const std::string& path_;
  const unwind::UnwindTable& table_;
  const unwind::UnwindDictionary& dictionary_;
  LibdwFrames& libdw_;
  const std::vector<AddressedRule> rows_;
  std::vector<Fde> covered_;
  bool behind_expression_ = false;  // in the FDE that is compared
  Comparison result_;
};

}  // namespace

void Comparison::add(const Comparison& other) {
  files += other.files;
  fdes += other.fdes;
  libdw_rows += other.libdw_rows;
  our_rows += other.our_rows;
  different_rows += other.different_rows;
  for (const auto& [reason, count] : other.explained)
    explained[reason] += count;
  different.insert(different.end(), other.different.begin(), other.different.end());
}

Comparison compare_file(const std::string& path, std::vector<unwind_dictionary_entry>& dictionary) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  const auto image = elf::Image::open(ByteSource(fd.get()));
  if (!image) return {};
  unwind::UnwindDictionary own;
  const auto table = unwind::build_unwind_table(*image, own);
  if (!table) return {};
  const auto libdw = LibdwFrames::open(fd.get());
  if (libdw == nullptr) return {};
  Comparison result = FileComparison(path, *table, own, *libdw).run();
  dictionary.insert(dictionary.end(), own.entries().begin(), own.entries().end());
  return result;
}

}  // namespace sonde::oracle
