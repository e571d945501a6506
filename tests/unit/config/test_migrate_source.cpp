#include "config/migrate_source.hpp"

#include <boost/test/unit_test.hpp>

using sonde::config::scan_source;
using sonde::config::source_language_of;
using sonde::config::SourceLanguage;
using sonde::config::unified_diff;

namespace {

// "1 found>replacement" of each use.
std::string uses_of(std::string_view text, SourceLanguage language) {
  std::string all;
  for (const auto& use : scan_source(text, language).uses) {
    all += std::to_string(use.line) + " " + use.found + ">" + use.replacement + "\n";
  }
  return all;
}

std::string changed(std::string_view text, SourceLanguage language) {
  return scan_source(text, language).changed;
}

}  // namespace

// The migration guide's old Rust code becomes its new Rust code.
BOOST_AUTO_TEST_CASE(rust_becomes_the_guides_new_code) {
  const std::string old_code =
      "use otlp::profiling::ebpf::{EbpfProfiler, EbpfProfilerConfig};\n"
      "\n"
      "let config = EbpfProfilerConfig::new()\n"
      "    .with_sample_rate(99);\n"
      "let mut profiler = EbpfProfiler::new(config)?;\n";
  BOOST_TEST(changed(old_code, SourceLanguage::rust) ==
             "use otlp::ebpf::{EbpfCpuProfiler, EbpfConfig};\n"
             "\n"
             "let config = EbpfConfig::default()\n"
             "    .with_sample_rate(99);\n"
             "let mut profiler = EbpfCpuProfiler::new(config)?;\n");
  BOOST_TEST(uses_of(old_code, SourceLanguage::rust) ==
             "1 profiling::ebpf>ebpf\n"
             "1 EbpfProfiler>EbpfCpuProfiler\n"
             "1 EbpfProfilerConfig>EbpfConfig\n"
             "3 EbpfProfilerConfig::new()>EbpfConfig::default()\n"
             "5 EbpfProfiler>EbpfCpuProfiler\n");
}

// In C++ a path loses all that led to the old namespace, and the header is the new one.
BOOST_AUTO_TEST_CASE(cpp) {
  BOOST_TEST(changed("#include <otlp/profiling/ebpf.hpp>\r\n  # include \"profiling/ebpf.h\"\n",
                     SourceLanguage::cpp) ==
             "#include <sonde/sonde.hpp>\r\n#include <sonde/sonde.hpp>\n");
  BOOST_TEST(changed("::otlp::profiling::ebpf::EbpfProfiler p{EbpfProfilerConfig::new()};",
                     SourceLanguage::cpp) == "sonde::EbpfCpuProfiler p{EbpfConfig{}};");
  BOOST_TEST(changed("c.track_user_space = c.track_kernel_space; OverheadMetrics m;",
                     SourceLanguage::cpp) ==
             "c.cpu.user_stacks = c.cpu.kernel_stacks; Overhead m;");
  BOOST_TEST(changed("namespace profiling::ebpf {\n \n#include <x>", SourceLanguage::cpp) ==
             "namespace sonde {\n \n#include <x>");
  BOOST_TEST(changed("EbpfProfilerConfig::new()x", SourceLanguage::cpp) == "EbpfConfig{}x");
  BOOST_TEST(changed("#define profiling/ebpf\n#if 0\n", SourceLanguage::cpp) ==
             "#define profiling/ebpf\n#if 0\n");
}

// Only whole words are names of the old API; what is already new is left alone.
BOOST_AUTO_TEST_CASE(whole_words) {
  for (const std::string_view text :
       {"MyEbpfProfiler XEbpfProfiler 9EbpfProfiler EbpfProfilers EbpfProfiler2 _EbpfProfiler",
        "EbpfCpuProfiler EbpfConfig", "profiling::ebpf_next", "EbpfOverheadMetrics", "", "\n\n"}) {
    BOOST_TEST(uses_of(text, SourceLanguage::rust) == "");
    BOOST_TEST(changed(text, SourceLanguage::rust) == text);
  }
}

// What has no replacement is found, told what to do about, and left as it is.
BOOST_AUTO_TEST_CASE(without_replacement) {
  const auto scan = scan_source("c.with_kernel_tracking(true)", SourceLanguage::rust);
  BOOST_TEST_REQUIRE(scan.uses.size() == 1u);
  BOOST_TEST(scan.uses[0].replacement == "");
  BOOST_TEST(scan.uses[0].note == "gone: cpu.kernel_stacks of a configuration file");
  BOOST_TEST(scan.changed == "c.with_kernel_tracking(true)");
}

// A file's language is known by its ending.
BOOST_AUTO_TEST_CASE(endings) {
  BOOST_TEST((source_language_of("a/b.rs") == SourceLanguage::rust));
  BOOST_TEST((source_language_of("b.cpp") == SourceLanguage::cpp));
  BOOST_TEST((source_language_of("b.h") == SourceLanguage::cpp));
  BOOST_TEST(!source_language_of("b.py").has_value());
  BOOST_TEST(!source_language_of("rs").has_value());
}

// A diff has three lines around each change, one hunk for changes that are near, and marks a last
// line without its end. Expected as diff -u prints it.
BOOST_AUTO_TEST_CASE(diffs) {
  BOOST_TEST(unified_diff("f", "a\n", "a\n") == "");
  BOOST_TEST(unified_diff("f", "a", "b") ==
             "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+b\n"
             "\\ No newline at end of file\n");
  const std::string before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n";
  std::string after = before;
  after.replace(after.find("5\n"), 1, "five");
  after.replace(after.find("6\n"), 1, "six");
  after.replace(after.find("12\n"), 2, "twelve");
  BOOST_TEST(unified_diff("f", before, after) ==
             "--- f\n+++ f\n@@ -2,14 +2,14 @@\n 2\n 3\n 4\n-5\n-6\n+five\n+six\n 7\n 8\n 9\n 10\n"
             " 11\n-12\n+twelve\n 13\n 14\n 15\n");
  after = before;
  after.replace(0, 1, "one");
  after.replace(after.find("18"), 2, "last");
  BOOST_TEST(unified_diff("f", before, after) ==
             "--- f\n+++ f\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n"
             "@@ -15,4 +15,4 @@\n 15\n 16\n 17\n-18\n+last\n");
}
