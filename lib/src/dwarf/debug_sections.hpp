#pragma once

#include "dwarf/section.hpp"
#include "elf/image.hpp"

namespace sonde::dwarf {

/// The debug information of one file.
struct DebugSections {
  DebugSections() = default;
  explicit DebugSections(const elf::Image& image)
      : info(image, ".debug_info"),
        abbrev(image, ".debug_abbrev"),
        str(image, ".debug_str"),
        line_str(image, ".debug_line_str"),
        str_offsets(image, ".debug_str_offsets"),
        addr(image, ".debug_addr"),
        ranges(image, ".debug_ranges"),
        rnglists(image, ".debug_rnglists"),
        line(image, ".debug_line") {}

  Section info;
  Section abbrev;
  Section str;
  Section line_str;
  Section str_offsets;
  Section addr;
  Section ranges;
  Section rnglists;
  Section line;
};

}  // namespace sonde::dwarf
