#include "unwind/statistics.hpp"

namespace sonde::unwind {

const char* to_string(FdeProblem problem) noexcept {
  switch (problem) {
    case FdeProblem::Damaged:
      return "damaged";
    case FdeProblem::Version:
      return "unknown version";
    case FdeProblem::Augmentation:
      return "unknown augmentation";
    case FdeProblem::NoCie:
      return "no CIE";
    case FdeProblem::ReturnRegister:
      return "other return address register";
    case FdeProblem::PointerEncoding:
      return "unsupported pointer encoding";
    case FdeProblem::Instruction:
      return "bad instruction";
    case FdeProblem::OutsideCode:
      return "outside code";
  }
  return "?";
}

const char* to_string(NoCfiReason reason) noexcept {
  switch (reason) {
    case NoCfiReason::CfaMissing:
      return "no CFA";
    case NoCfiReason::CfaExpression:
      return "CFA is an unsupported expression";
    case NoCfiReason::ReturnAddressRule:
      return "unsupported rule of the return address";
    case NoCfiReason::RbpRule:
      return "unsupported rule of rbp";
    case NoCfiReason::RspRule:
      return "unsupported rule of rsp";
    case NoCfiReason::OffsetRange:
      return "offset out of range";
    case NoCfiReason::DictionaryFull:
      return "dictionary full";
  }
  return "?";
}

}  // namespace sonde::unwind
