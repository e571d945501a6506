#include "syscalls/decode.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <utility>

#include "syscalls/argument_text.hpp"
#include "syscalls/dependent_arguments.hpp"
#include "syscalls/errno_names.hpp"
#include "syscalls/result_notes.hpp"
#include "syscalls/signatures.hpp"

namespace sonde::syscalls {
namespace {

constexpr std::int64_t kMaxError = 4095;

std::vector<std::string> arguments_of(const Call& call, const Signature* signature) {
  std::vector<std::string> arguments;
  if (!call.begun) {
    arguments.emplace_back("?");
    return arguments;
  }
  if (signature == nullptr) {
    for (const std::uint64_t value : call.args)
      arguments.push_back(fmt::format("{:#x}", value));
    return arguments;
  }
  if (signature->arguments[1] == Arg::clone_stack) return clone_arguments(call);
  for (std::size_t i = 0; i < signature->arguments.size(); ++i) {
    const Arg kind = signature->arguments[i];
    if (kind == Arg::none) break;
    auto text = dependent_text(call, kind, i);
    if (!text) text = argument_text(call, kind, i);
    if (!text->empty()) arguments.push_back(std::move(*text));
  }
  return arguments;
}

bool makes_descriptor(const Call& call, Returned returned) {
  return returned == Returned::fd || (returned == Returned::fcntl &&
                                      (call.args[1] == F_DUPFD || call.args[1] == F_DUPFD_CLOEXEC));
}

std::string result_number(const Call& call, const Signature* signature) {
  const auto result = static_cast<std::uint64_t>(call.result);
  const Returned returned = signature != nullptr ? signature->returned : Returned::integer;
  if (returned == Returned::octal) return fmt::format("{:#03o}", result);
  const bool hex =
      returned == Returned::hex || (signature != nullptr && shows_flags(call, *signature));
  if (makes_descriptor(call, returned))
    return fmt::format("{}{}", call.result, call.file(SONDE_PIECE_RESULT));
  return hex && result != 0 ? fmt::format("{:#x}", result) : fmt::format("{}", call.result);
}

}  // namespace

DecodedCall decode(const Call& call) {
  const Signature* const signature = find_signature(bare_name(call.id));
  DecodedCall decoded;
  decoded.arguments = arguments_of(call, signature);
  if (!call.returned) {
    decoded.result_text.assign(1, '?');
    return decoded;
  }
  const bool sigreturn = signature != nullptr && signature->name == "rt_sigreturn";
  if (call.result < 0 && call.result >= -kMaxError && !sigreturn) {
    const int error = static_cast<int>(-call.result);
    decoded.result = -1;
    decoded.error = errno_name(error);
    // A program never sees these: strace shows that the result is not known yet.
    const bool restarts = error >= 512 && error <= 516;
    decoded.result_text =
        fmt::format("{} {} ({})", restarts ? "?" : "-1", decoded.error, errno_description(error));
    return decoded;
  }
  decoded.result = call.result;
  decoded.result_text = result_number(call, signature);
  if (signature == nullptr) return decoded;
  if (const std::string note = result_note(call, *signature); !note.empty())
    decoded.result_text += fmt::format(" ({})", note);
  return decoded;
}

}  // namespace sonde::syscalls
