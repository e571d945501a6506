#include "symbolize/demangle.hpp"

#include <libiberty/demangle.h>

#include <csetjmp>
#include <cstddef>

namespace sonde::symbolize {
namespace {

constexpr std::size_t kLongestMangled = std::size_t{8} * 1024;
constexpr std::size_t kLongestDemangled = std::size_t{16} * 1024;
constexpr int kOptions = DMGL_PARAMS | DMGL_ANSI;

struct Output {
  std::string text;
  std::jmp_buf overflow;
};

// Back-references let a name of 200 bytes stand for one of terabytes, and libiberty offers no way
// to stop early other than not to return. Its frames are C and, while it prints a C++ name, own
// nothing.
void append(const char* part, std::size_t length, void* opaque) {
  auto& output = *static_cast<Output*>(opaque);
  if (length > kLongestDemangled - output.text.size()) std::longjmp(output.overflow, 1);
  output.text.append(part, length);
}

using Demangler = int (*)(const char*, int, demangle_callbackref, void*);

bool run(Demangler demangler, const char* name, Output& output) {
  output.text.clear();
  if (setjmp(output.overflow) != 0) return false;
  return demangler(name, kOptions, append, &output) != 0;
}

}  // namespace

std::string demangle(std::string_view name) {
  const bool mangled = name.starts_with("_Z") || name.starts_with("_R");
  std::string raw(name);
  if (!mangled || name.size() > kLongestMangled) return raw;
  Output output;
  output.text.reserve(kLongestDemangled);  // so that append cannot fail with libiberty below it
  // A legacy Rust name is a valid C++ one as well: Rust is asked first.
  for (const Demangler demangler : {rust_demangle_callback, cplus_demangle_v3_callback}) {
    if (run(demangler, raw.c_str(), output) && !output.text.empty()) {
      output.text.shrink_to_fit();
      return output.text;
    }
  }
  return raw;
}

}  // namespace sonde::symbolize
