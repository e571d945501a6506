#include <boost/test/unit_test.hpp>
#include <vector>

#include "symbolize/nearest_symbols.hpp"

using namespace sonde::symbolize;

namespace {

struct Named {
  const char* name;
  std::uint64_t value;
  std::uint64_t size;
  std::uint32_t preference = 0;
  std::uint64_t limit = 1000;
};

// Name of the best symbol for each address, "-" where there is none.
std::vector<std::string> choose(const std::vector<std::uint64_t>& addresses,
                                const std::vector<Named>& symbols) {
  NearestSymbols nearest(
      addresses, [&](const SymbolCandidate& s) { return std::string(symbols[s.name].name); });
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const Named& s = symbols[i];
    nearest.add({s.value, s.size, s.limit, s.preference, 0, i});
  }
  std::vector<std::string> names;
  for (const auto& best : nearest.best())
    names.push_back(best ? symbols[best->name].name : "-");
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(nearest_symbols)

// An address belongs to the symbol whose range holds it; the end is outside.
BOOST_AUTO_TEST_CASE(ranges_are_half_open) {
  BOOST_TEST(choose({9, 10, 19, 20, 29, 30}, {{"b", 20, 10}, {"a", 10, 10}}) ==
             (Names{"-", "a", "a", "b", "b", "-"}));
}

// Within a symbol that lies in another one the inner one names the address, whichever comes first.
BOOST_AUTO_TEST_CASE(innermost_wins) {
  const Named outer{"outer", 0, 100};
  const Named inner{"inner", 40, 10};
  const Names expected{"outer", "inner", "inner", "outer"};
  BOOST_TEST(choose({39, 40, 49, 50}, {outer, inner}) == expected);
  BOOST_TEST(choose({39, 40, 49, 50}, {inner, outer}) == expected);
}

// A symbol without a size lasts until the next symbol starts or its section ends, and yields to one
// with a size.
BOOST_AUTO_TEST_CASE(unsized_symbols_last_until_the_next) {
  BOOST_TEST(choose({10, 19, 20, 25, 40}, {{"asm", 10, 0}, {"sized", 20, 5}}) ==
             (Names{"asm", "asm", "sized", "-", "-"}));
  BOOST_TEST(choose({10, 49, 50}, {{"asm", 10, 0, 0, 50}}) == (Names{"asm", "asm", "-"}));
  BOOST_TEST(choose({10, 15}, {{"label", 12, 0}, {"function", 10, 10}}) ==
             (Names{"function", "function"}));
}

// Aliases: exported before local, then fewer underscores, then shorter, then alphabet; the order of
// the file is no matter.
BOOST_AUTO_TEST_CASE(aliases_are_chosen_by_rule) {
  const Named local{"a", 10, 5, 0};
  const Named internal{"__malloc", 10, 5, 1};
  const Named longer{"malloc_alias", 10, 5, 1};
  const Named best{"malloc", 10, 5, 1};
  const Named same_length{"nalloc", 10, 5, 1};
  BOOST_TEST(choose({12}, {local, internal, longer, best, same_length}) == (Names{"malloc"}));
  BOOST_TEST(choose({12}, {same_length, best, longer, internal, local}) == (Names{"malloc"}));
}

// The same answers as asking every symbol about every address, for a deterministic crowd of
// overlapping symbols.
BOOST_AUTO_TEST_CASE(agrees_with_exhaustive_search) {
  std::uint64_t state = 88172645463325252u;
  const auto random = [&](std::uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
  };
  std::vector<std::uint64_t> addresses;
  for (std::uint64_t a = 0; a < 3000; a += 1 + random(9))
    addresses.push_back(a);
  std::vector<SymbolCandidate> symbols;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    symbols.push_back({random(3000), 1 + random(200), 3000, 0, 0, i});
  }
  NearestSymbols nearest(addresses,
                         [](const SymbolCandidate& s) { return std::to_string(s.name); });
  for (const auto& symbol : symbols)
    nearest.add(symbol);
  const auto chosen = nearest.best();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const SymbolCandidate* expected = nullptr;
    for (const auto& s : symbols) {
      if (addresses[i] < s.value || addresses[i] >= s.value + s.size) continue;
      if (expected == nullptr || s.value > expected->value ||
          (s.value == expected->value && s.size < expected->size)) {
        expected = &s;
      }
    }
    BOOST_REQUIRE_EQUAL(chosen[i].has_value(), expected != nullptr);
    if (expected == nullptr) continue;
    BOOST_TEST(chosen[i]->value == expected->value);
    BOOST_TEST(chosen[i]->size == expected->size);
  }
}

// A size that runs past the end of the address space is no overflow.
BOOST_AUTO_TEST_CASE(huge_sizes_do_not_wrap) {
  BOOST_TEST(choose({5, UINT64_MAX - 1}, {{"huge", 10, UINT64_MAX}}) == (Names{"-", "huge"}));
}

BOOST_AUTO_TEST_SUITE_END()
