// Short ways to make the error half of a Result.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

#include <sonde/error.hpp>

namespace sonde {

inline tl::unexpected<Error> fail(ErrorCode code, std::string what, std::string hint = {}) {
  return tl::unexpected(Error{code, 0, std::move(what), std::move(hint), {}});
}

/// For a failed system call; reads errno unless given one.
inline tl::unexpected<Error> fail_errno(ErrorCode code, std::string what, int sys_errno = errno,
                                        std::string hint = {}) {
  return tl::unexpected(Error{code, sys_errno, std::move(what), std::move(hint), {}});
}

}  // namespace sonde
