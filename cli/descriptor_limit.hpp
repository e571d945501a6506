#pragma once

namespace sonde::cli {

/// Lets this process open as many files as it may: each file that stacks pass through is kept open.
/// After COMMAND was forked, which must run with the limit that it was given.
void raise_descriptor_limit() noexcept;

}  // namespace sonde::cli
