#pragma once

#include <string>
#include <string_view>

namespace sonde::symbolize {

/// A C++ (Itanium ABI) or Rust (legacy and v0) name as its source shows it: with parameters,
/// without Rust's hash, a compiler's suffix as "[clone .cold]". Any other name, and one that is too
/// long or expands to too much, stays as it is.
std::string demangle(std::string_view name);

}  // namespace sonde::symbolize
