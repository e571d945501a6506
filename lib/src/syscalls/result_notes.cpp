#include "syscalls/result_notes.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <string_view>

#include "syscalls/event_structs.hpp"
#include "syscalls/flag_names.hpp"
#include "syscalls/structs.hpp"

namespace sonde::syscalls {
namespace {

std::string fcntl_note(const Call& call) {
  const auto result = static_cast<std::uint64_t>(call.result);
  if (call.args[1] == F_GETFL) return "flags " + named_value(Arg::open_flags, result);
  if (call.args[1] == F_GETFD && result == FD_CLOEXEC) return "flags FD_CLOEXEC";
  return {};
}

void append(std::string& text, std::string_view what, std::string_view value) {
  if (!text.empty()) text += ", ";
  text += fmt::format("{}{}{}", what, what.empty() ? "" : " ", value);
}

// Of one argument of poll(), select() and their like.
void append_argument(std::string& text, Arg kind, const Piece& written) {
  const auto bits = [&](std::string_view name) {
    if (const std::string numbers = bit_numbers(written); numbers != "[]")
      append(text, name, numbers);
  };
  switch (kind) {
    case Arg::polled:
      return append(text, "", ready_text(written));
    case Arg::selected_in:
      return bits("in");
    case Arg::selected_out:
      return bits("out");
    case Arg::selected_except:
      return bits("except");
    case Arg::select_timeout:
    case Arg::pselect_timeout:
      return append(text, "left", struct_text(kind, written.bytes));
    default:
      return;
  }
}

}  // namespace

std::string result_note(const Call& call, const Signature& signature) {
  if (signature.name == "fcntl") return fcntl_note(call);
  if (signature.name == "sched_getscheduler")
    return named_value(Arg::scheduler_policy, static_cast<std::uint64_t>(call.result));
  const auto waits = [](Arg kind) { return kind == Arg::polled || kind == Arg::selected_in; };
  if (!waits(signature.arguments[0]) && !waits(signature.arguments[1])) return {};
  if (call.result == 0) return "Timeout";
  std::string text;
  for (std::size_t i = 0; i < signature.arguments.size(); ++i) {
    if (const Piece* const written = ArgumentPieces(call.pieces, i).at_end())
      append_argument(text, signature.arguments[i], *written);
  }
  return text;
}

bool shows_flags(const Call& call, const Signature& signature) {
  return signature.name == "fcntl" && (call.args[1] == F_GETFL || call.args[1] == F_GETFD);
}

}  // namespace sonde::syscalls
