#include <sys/sysmacros.h>

#include <boost/test/unit_test.hpp>

#include "process/proc_maps.hpp"

using namespace sonde::process;

BOOST_AUTO_TEST_SUITE(proc_maps)

// Only executable mappings are kept, with range, offset, device and inode as proc(5) defines the
// columns.
BOOST_AUTO_TEST_CASE(keeps_executable_mappings) {
  const auto entries = parse_maps(
      "55d0c8a00000-55d0c8a02000 r--p 00000000 08:01 1310741                    /usr/bin/cat\n"
      "55d0c8a02000-55d0c8a07000 r-xp 00002000 08:01 1310741                    /usr/bin/cat\n"
      "55d0c9000000-55d0c9021000 rw-p 00000000 00:00 0                          [heap]\n"
      "7ffd5b1d8000-7ffd5b1da000 r-xp 00000000 00:00 0                          [vdso]\n"
      "7f0000000000-7f0000001000 --xs 00000000 00:00 0 \n");
  BOOST_REQUIRE_EQUAL(entries.size(), 3u);
  BOOST_TEST(entries[0].start == 0x55d0c8a02000u);
  BOOST_TEST(entries[0].end == 0x55d0c8a07000u);
  BOOST_TEST(entries[0].file_offset == 0x2000u);
  BOOST_TEST(entries[0].file.device == makedev(8, 1));
  BOOST_TEST(entries[0].file.inode == 1310741u);
  BOOST_TEST(entries[0].path == "/usr/bin/cat");
  BOOST_TEST(entries[1].path == "[vdso]");
  BOOST_TEST(entries[2].path.empty());
}

// File names may hold spaces, escaped line breaks, other backslashes, and any byte.
BOOST_AUTO_TEST_CASE(reads_odd_names) {
  const auto entries = parse_maps(
      "1000-2000 r-xp 00000000 08:01 7    /tmp/a b\\012c\\x (deleted)\n"
      "3000-4000 r-xp 00000000 00:01 8    /memfd:jit \xff (deleted)\n");
  BOOST_REQUIRE_EQUAL(entries.size(), 2u);
  BOOST_TEST(entries[0].path == "/tmp/a b\nc\\x (deleted)");
  BOOST_TEST(entries[1].path == "/memfd:jit \xff (deleted)");
}

// Lines that the kernel would not write are skipped, and do not disturb their neighbours.
BOOST_AUTO_TEST_CASE(skips_what_is_no_mapping) {
  const auto entries = parse_maps(
      "\n"
      "garbage\n"
      "2000-1000 r-xp 00000000 08:01 7 /backwards\n"
      "1000-2000 r-x\n"
      "1000-2000 r-xp 00000000 08:01\n"
      "zzzz-2000 r-xp 00000000 08:01 7 /x\n"
      "11112222333344445-2000 r-xp 00000000 08:01 7 /too-large\n"
      "1000-2000 r-xp 00000000 08:01 7 /good");
  BOOST_REQUIRE_EQUAL(entries.size(), 1u);
  BOOST_TEST(entries[0].path == "/good");
}

// The kind decides where names are looked for: files, the vDSO, perf maps, or nowhere.
BOOST_AUTO_TEST_CASE(tells_kinds_apart) {
  using Kind = Mapping::Kind;
  const FileId none{};
  const FileId some{makedev(8, 1), 7};
  const auto kind = [](const char* path, const FileId& file) {
    return static_cast<int>(classify_mapping(path, file));
  };
  BOOST_TEST(kind("/usr/bin/cat", some) == static_cast<int>(Kind::file));
  BOOST_TEST(kind("/memfd:x (deleted)", some) == static_cast<int>(Kind::file));
  BOOST_TEST(kind("[vdso]", none) == static_cast<int>(Kind::vdso));
  for (const char* anonymous :
       {"", "//anon", "[anon:jit]", "[anon_shmem:x]", "[heap]", "[stack]"}) {
    BOOST_TEST(kind(anonymous, none) == static_cast<int>(Kind::anonymous));
  }
  for (const char* shared : {"/dev/zero (deleted)", "/SYSV00000000 (deleted)", "/anon_hugepage"}) {
    BOOST_TEST(kind(shared, some) == static_cast<int>(Kind::anonymous));
  }
  BOOST_TEST(kind("[uprobes]", none) == static_cast<int>(Kind::other));
  BOOST_TEST(may_hold_jit_code(Kind::file, "/memfd:doublemapper (deleted)"));
  BOOST_TEST(!may_hold_jit_code(Kind::file, "/usr/bin/cat"));
}

BOOST_AUTO_TEST_SUITE_END()
