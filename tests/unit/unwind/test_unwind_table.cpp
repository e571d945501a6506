#include "unwind/unwind_table.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <sstream>

#include "command.hpp"
#include "elf/vdso.hpp"
#include "elf_files.hpp"

using namespace sonde;
using namespace sonde::test;
using namespace sonde::unwind;

namespace {

// Rules by hand, from the comment of bpf/shared/unwind_table.h.
constexpr Rule rsp_rule(std::uint32_t words, std::uint32_t rbp) {
  return words << 7 | rbp;
}
constexpr Rule rbp_rule(std::uint32_t words, std::uint32_t rbp) {
  return 1u << 19 | words << 7 | rbp;
}
constexpr Rule code(std::uint32_t number) {
  return 0xff000 | number;
}

std::map<std::string, std::uint64_t> labels_of(const std::string& file) {
  std::map<std::string, std::uint64_t> labels;
  std::istringstream lines(output_of("nm --defined-only '" + file + "'"));
  std::string address, type, name;
  while (lines >> address >> type >> name)
    labels[name] = std::stoull(address, nullptr, 16);
  return labels;
}

struct Frames {
  Frames() : table(build_unwind_table(open_image(FRAMES_LIBRARY), dictionary).value()) {}

  Rule at(const std::string& label, std::uint64_t plus = 0) const {
    return find(table, labels.at(label) + plus).value();
  }
  unwind_dictionary_entry entry_at(const std::string& label) const {
    const Rule rule = at(label);
    BOOST_REQUIRE(rule >= code(32));
    return dictionary.entries()[rule - code(32)];
  }

  std::map<std::string, std::uint64_t> labels = labels_of(FRAMES_LIBRARY);
  UnwindDictionary dictionary;
  UnwindTable table;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(unwind_table, Frames)

// Prologues, epilogues and remembered states give the rule that the assembler was told.
BOOST_AUTO_TEST_CASE(plain_rules) {
  BOOST_TEST(at("plain") == rsp_rule(1, 0));
  BOOST_TEST(at("plain_pushed") == rsp_rule(2, 1));
  BOOST_TEST(at("plain_framed") == rbp_rule(2, 1));
  BOOST_TEST(at("plain_remembered") == rsp_rule(1, 0));
  BOOST_TEST(at("plain_restored") == rbp_rule(2, 1));
  BOOST_TEST(at("large") == rsp_rule(0xfdf, 126));
  BOOST_TEST(at("rbp_undefined") == rsp_rule(256, 127));
  BOOST_TEST(at("ordinary_signal") == rsp_rule(1, 0));
  BOOST_TEST(at("expression_ended") == rsp_rule(7, 0));
}

BOOST_AUTO_TEST_CASE(special_rules) {
  BOOST_TEST(at("outermost") == code(1));
  BOOST_TEST(at("trampoline") == code(2));
  BOOST_TEST(at("linkage") == code(16 + 11));
  BOOST_TEST(at("strange") == code(0));
  BOOST_TEST(at("rip_expression") == code(0));
  BOOST_TEST(at("rsp_rule") == code(0));
  const UnwindStatistics& counts = table.statistics;
  const auto states = [&](NoCfiReason reason) {
    return counts.no_cfi_states[static_cast<std::size_t>(reason)];
  };
  BOOST_TEST(states(NoCfiReason::CfaExpression) == 1u);
  BOOST_TEST(states(NoCfiReason::ReturnAddressRule) == 1u);
  BOOST_TEST(states(NoCfiReason::RspRule) == 1u);
  BOOST_TEST(counts.end_rows == 1u);
  BOOST_TEST(counts.signal_rows == 1u);
  BOOST_TEST(counts.plt_rows == 1u);
  BOOST_TEST(counts.dictionary_rows == 6u);
}

// What 20 bits cannot hold is in the dictionary, once.
BOOST_AUTO_TEST_CASE(dictionary_rules) {
  const auto too_large = entry_at("too_large");
  BOOST_TEST(too_large.cfa_base == 7);
  BOOST_TEST(too_large.cfa_offset == 0xfe0 * 8);
  BOOST_TEST(too_large.cfa_dereference == 0);
  BOOST_TEST(too_large.rbp == UNWIND_SAVED_AT_CFA);
  BOOST_TEST(too_large.rbp_offset == -8 * 127);
  BOOST_TEST(too_large.return_at == UNWIND_SAVED_AT_CFA);
  BOOST_TEST(too_large.return_offset == -8);

  const auto slot = entry_at("slot_too_far");
  BOOST_TEST(slot.cfa_offset == 2048);
  BOOST_TEST(slot.rbp_offset == -8 * 128);

  const auto in_rdi = entry_at("return_in_rdi");
  BOOST_TEST(in_rdi.return_at == UNWIND_SAVED_IN);
  BOOST_TEST(in_rdi.return_offset == 5);  // rdi
  BOOST_TEST(in_rdi.cfa_offset == 0);

  const auto r10 = entry_at("realigned");
  BOOST_TEST(r10.cfa_base == 10);
  BOOST_TEST(r10.cfa_dereference == 0);
  BOOST_TEST(r10.rbp == UNWIND_SAVED_SAME);

  const auto body = entry_at("realigned_body");
  BOOST_TEST(body.cfa_base == 6);
  BOOST_TEST(body.cfa_offset == -8);
  BOOST_TEST(body.cfa_dereference == 1);
  BOOST_TEST(body.cfa_add == 0);
  BOOST_TEST(body.rbp == UNWIND_SAVED_AT_RBP);
  BOOST_TEST(body.rbp_offset == 0);

  BOOST_TEST(dictionary.entries().size() == 6u);
  BOOST_REQUIRE(build_unwind_table(open_image(FRAMES_LIBRARY), dictionary).has_value());
  BOOST_TEST(dictionary.entries().size() == 6u);
}

BOOST_AUTO_TEST_CASE(full_dictionary) {
  UnwindDictionary full;
  for (int i = 0; i < UNWIND_DICTIONARY_MAX; ++i) {
    unwind_dictionary_entry entry = {};
    entry.cfa_base = 15;
    entry.cfa_offset = i;
    BOOST_REQUIRE(full.index_of(entry) == static_cast<std::uint32_t>(i));
  }
  const auto built = build_unwind_table(open_image(FRAMES_LIBRARY), full);
  BOOST_REQUIRE(built.has_value());
  BOOST_TEST(find(*built, labels.at("too_large")).value() == code(0));
  const auto reason = static_cast<std::size_t>(NoCfiReason::DictionaryFull);
  BOOST_TEST(built->statistics.no_cfi_states[reason] == 6u);
  BOOST_TEST(built->statistics.dictionary_rows == 0u);
}

// Up to 15 bytes between functions are padding; more have no call frame information.
BOOST_AUTO_TEST_CASE(gaps) {
  BOOST_TEST(at("short_gap") == rsp_rule(3, 0));
  BOOST_TEST(at("short_gap", 14) == rsp_rule(3, 0));
  BOOST_TEST(at("before_long_gap") == rsp_rule(4, 0));
  BOOST_TEST(at("long_gap") == code(0));
  BOOST_TEST(at("long_gap", 15) == code(0));
  BOOST_TEST(at("pages") == rsp_rule(5, 0));
  BOOST_TEST(at("last_end") == code(0));
  BOOST_TEST(table.statistics.gaps == 1u);
}

// Every page begins with a row, and its rows ascend.
BOOST_AUTO_TEST_CASE(page_index) {
  BOOST_TEST(at("pages", 0x1000) == rsp_rule(5, 0));
  BOOST_TEST(at("pages", 0x2fff) == rsp_rule(5, 0));
  BOOST_TEST(at("pages_end") == rsp_rule(6, 0));
  BOOST_TEST(table.pages.size() >= 4u);
  BOOST_TEST(table.first_page == labels.at("plain") >> 12);
  std::uint32_t next = 0;
  for (const unwind_page& page : table.pages) {
    BOOST_TEST(page.first == next);
    BOOST_REQUIRE(page.rows > 0u);
    BOOST_TEST((table.rows[page.first] >> 20) == 0u);
    for (std::uint32_t i = 1; i < page.rows; ++i) {
      BOOST_TEST((table.rows[page.first + i] >> 20) > (table.rows[page.first + i - 1] >> 20));
    }
    next += page.rows;
  }
  BOOST_TEST(next == table.rows.size());
  BOOST_TEST(table.statistics.rows == table.rows.size());
  BOOST_TEST(!find(table, (table.first_page << 12) - 1).has_value());
  BOOST_TEST(!find(table, (table.first_page + table.pages.size()) << 12).has_value());
  BOOST_TEST(!find(table, UINT64_MAX).has_value());
}

// The executable segments are those that readelf lists.
BOOST_AUTO_TEST_CASE(segments) {
  std::istringstream fields(
      output_of(std::string("readelf -lW '") + FRAMES_LIBRARY + "' | grep -w LOAD | grep 'R E'"));
  std::string word;
  std::uint64_t offset = 0, vaddr = 0, paddr = 0, size = 0;
  fields >> word >> std::hex >> offset >> vaddr >> paddr >> size;
  BOOST_REQUIRE_EQUAL(table.segments.size(), 1u);
  BOOST_TEST(table.segments[0].file_offset == offset);
  BOOST_TEST(table.segments[0].address == vaddr);
  BOOST_TEST(table.segments[0].file_size == size);
}

// The vDSO in memory has a table, too.
BOOST_AUTO_TEST_CASE(of_the_vdso) {
  const auto vdso = elf::open_vdso();
  BOOST_REQUIRE(vdso.has_value());
  const auto built = build_unwind_table(*vdso, dictionary);
  BOOST_REQUIRE(built.has_value());
  BOOST_TEST(built->statistics.fdes > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
