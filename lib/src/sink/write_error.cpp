#include "sink/write_error.hpp"

#include <cerrno>
#include <string_view>
#include <utility>

namespace sonde::sink {
namespace {

std::string_view fix_for(int sys_errno) {
  switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
      return "Free some space, or write to another disk";
    case ENOENT:
    case ENOTDIR:
      return "Create the folder first";
    case EACCES:
    case EPERM:
    case EROFS:
      return "Choose a file and a folder you may write to: the result is first written beside the "
             "file and then renamed";
    case EISDIR:
      return "Name a file, not a folder";
    case EFBIG:
      return "Raise the file size limit (ulimit -f)";
    default:
      return "";
  }
}

}  // namespace

Error write_error(std::string what, int sys_errno) {
  return Error{
      ErrorCode::OutputFailed, sys_errno, std::move(what), std::string(fix_for(sys_errno)), {}};
}

}  // namespace sonde::sink
