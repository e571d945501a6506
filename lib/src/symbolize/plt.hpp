#pragma once

#include <cstdint>
#include <string>

#include "elf/image.hpp"

namespace sonde::symbolize {

/// "foo@plt" if `vaddr` lies in the stub of a procedure linkage table by which `image` calls foo;
/// else empty. x86-64 only: the stub's jump is read, so the linker's layout of the table does not
/// matter.
std::string plt_name(const elf::Image& image, std::uint64_t vaddr);

}  // namespace sonde::symbolize
