// ELF files that the tests open.
#pragma once

#include <fcntl.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "elf/image.hpp"
#include "util/unique_fd.hpp"

namespace sonde::test {

/// Throws if it is no ELF file.
inline elf::Image open_image(const std::string& file) {
  auto image = elf::Image::open(
      ByteSource(UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))));
  if (!image) throw std::runtime_error(image.error().message());
  return std::move(*image);
}

}  // namespace sonde::test
