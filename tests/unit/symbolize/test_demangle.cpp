#include <boost/test/unit_test.hpp>

#include "symbolize/demangle.hpp"

using sonde::symbolize::demangle;

BOOST_AUTO_TEST_SUITE(demangling)

// C++ names show as c++filt shows them, parameters and the compiler's suffixes included.
BOOST_AUTO_TEST_CASE(cpp_names) {
  BOOST_TEST(demangle("_ZN6shapes6Circle4areaEiPKc") == "shapes::Circle::area(int, char const*)");
  BOOST_TEST(demangle("_ZN6shapes5twiceIiEET_S1_") == "int shapes::twice<int>(int)");
  BOOST_TEST(demangle("_ZNSt6vectorIiSaIiEE9push_backERKi") ==
             "std::vector<int, std::allocator<int> >::push_back(int const&)");
  BOOST_TEST(demangle("_ZN12_GLOBAL__N_11fEv") == "(anonymous namespace)::f()");
  BOOST_TEST(demangle("_ZN3fooC2Ev") == "foo::foo()");
  BOOST_TEST(demangle("_Z3foov.cold") == "foo() [clone .cold]");
  BOOST_TEST(demangle("_Z3fooi.constprop.0.isra.0") ==
             "foo(int) [clone .constprop.0] [clone .isra.0]");
  BOOST_TEST(demangle("_Z3foov.part.0") == "foo() [clone .part.0]");
}

// Rust's legacy mangling is valid C++ mangling too: it must show as Rust, without the hash. Names
// from rustc's own tests and the RFC 2603 examples.
BOOST_AUTO_TEST_CASE(rust_names) {
  BOOST_TEST(demangle("_ZN3foo3bar17h05af221e174051e9E") == "foo::bar");
  BOOST_TEST(demangle("_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$"
                      "3bar17h930b740aa94f1d3aE") == "<Test + 'static as foo::Bar<Test>>::bar");
  BOOST_TEST(demangle("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE.llvm.1234567890") ==
             "core::fmt::Write::write_fmt");
  BOOST_TEST(demangle("_RNvC6_123foo3bar") == "123foo::bar");
  BOOST_TEST(demangle("_RNvNtCs1234_7mycrate3foo3bar") == "mycrate::foo::bar");
  BOOST_TEST(demangle("_RNvMNtCs1234_7mycrate3fooNtB2_6MyType3bar") ==
             "<mycrate::foo::MyType>::bar");
}

// What is not mangled, or only looks so, stays byte for byte.
BOOST_AUTO_TEST_CASE(other_names_stay) {
  for (const char* name : {"main", "", "_", "_Z", "_R", "_Znot_mangled", "_ZN3fo", "foo.cold",
                           "main.main", "github.com/x/y.(*T).Method", "_start", "\xff\xfe"}) {
    BOOST_TEST(demangle(name) == name);
  }
}

// A short name that back-references make expand to 2^40 copies is left as it is, at once.
BOOST_AUTO_TEST_CASE(exponential_names_are_cut) {
  // f(A<int,int>, A<A<int,int>,A<int,int>>, …): each parameter is twice the one before (S_, S0_,
  // S1_ …).
  std::string name = "_Z1f1AIiiE";
  const auto reference = [](int index) {
    if (index == 0) return std::string("S_");
    std::string digits;
    for (int n = index - 1; digits.empty() || n > 0; n /= 36) {
      digits.insert(digits.begin(), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n % 36]);
    }
    return "S" + digits + "_";
  };
  for (int level = 1; level <= 40; ++level) {
    const std::string previous = reference(level);  // S_ is A itself, S0_ the first A<…>
    name += "S_I" + previous + previous + "E";
  }
  BOOST_TEST(demangle(name) == name);
  const std::string long_name = "_Z20000" + std::string(20000, 'a') + "v";
  BOOST_TEST(demangle(long_name) == long_name);
}

BOOST_AUTO_TEST_SUITE_END()
