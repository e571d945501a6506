// Arrays of buffers and messages of sockets, as strace prints them.
#pragma once

#include <optional>
#include <string>

#include "syscalls/pieces.hpp"

namespace sonde::syscalls {

/// An array of struct iovec; {} if it could not be read. `filled`: the call wrote to the buffers,
/// or only reads them; else they are shown as addresses.
std::optional<std::string> vector_text(const ArgumentPieces& pieces, bool filled);

/// A struct msghdr that the call reads.
std::optional<std::string> sent_message(const ArgumentPieces& pieces);

/// One that the call fills, unless it failed.
std::optional<std::string> received_message(const ArgumentPieces& pieces, bool failed);

/// An array of struct mmsghdr. `done`: how many of them the call says that it sent or received.
std::optional<std::string> messages_text(const ArgumentPieces& pieces, std::size_t done);

}  // namespace sonde::syscalls
