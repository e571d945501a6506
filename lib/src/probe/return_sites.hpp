// Where in a function breakpoints see every return with its result, without touching its stack.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <sonde/error.hpp>
#include "elf/image.hpp"
#include "probe/site.hpp"

namespace sonde::probe {

/// The code, from the begin to the end of a function or of a part of one, that holds an address;
/// nothing if that is not known.
using FindCode = std::function<std::optional<Function>(std::uint64_t address)>;

/// One site for each return instruction: an instruction before it that the kernel emulates, that
/// each way to this return leads over, and behind which the result in rax stays as it is; else the
/// return itself. Where the function leaves by a jump, to a cold part of it or to another function
/// in tail position, that code's returns are among them: they return to this function's caller, if
/// rsp is, with the site's stack_depth added, what it was at the entry. Empty if it may leave in
/// other ways: through the dynamic linker, by a jump that no table tells the ends of, or to code
/// that `find_code` does not know. Errors as find_site().
Result<std::vector<Site>> find_return_sites(const elf::Image& image, const Function& function,
                                            const FindCode& find_code);

}  // namespace sonde::probe
