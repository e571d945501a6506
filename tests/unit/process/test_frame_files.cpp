#include <boost/test/unit_test.hpp>

#include "process/frame_files.hpp"
#include "unwind_event.h"

using sonde::process::FrameFiles;
using sonde::process::MappedFile;

namespace {

std::uint64_t frame(std::uint64_t number, std::uint64_t offset) {
  return SONDE_FRAME_IN_FILE | number << SONDE_FRAME_FILE_SHIFT | offset;
}

}  // namespace

// A frame names its file by number; an address of a process, or an unknown number, names none.
BOOST_AUTO_TEST_CASE(frames_name_files) {
  FrameFiles files;
  const std::shared_ptr<const MappedFile> libc(new MappedFile{{1, 2}, "/lib/libc.so.6", {}});
  BOOST_TEST(files.add(libc).value() == 0u);
  BOOST_TEST(files.add(nullptr).value() == 1u);
  BOOST_TEST((files.find(frame(0, 0x1234))->file == libc));
  BOOST_TEST(files.find(frame(0, 0x1234))->offset == 0x1234u);
  BOOST_TEST((files.find(frame(1, 0x10))->file == nullptr));
  BOOST_TEST(!files.find(frame(2, 0x10)));
  BOOST_TEST(!files.find(0x7f0000001000));
}

// Numbers are never given twice: when all are gone, there are none.
BOOST_AUTO_TEST_CASE(numbers_run_out) {
  FrameFiles files;
  for (std::uint32_t i = 0; i <= SONDE_FRAME_FILE_MASK; ++i)
    BOOST_TEST_REQUIRE(files.add(nullptr).value() == i);
  BOOST_TEST(!files.add(nullptr));
}
