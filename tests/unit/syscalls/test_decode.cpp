#include <boost/test/unit_test.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "syscall_event.h"
#include "syscalls/decode.hpp"

using namespace sonde::syscalls;

namespace {

// The expected texts are what strace 6.1 prints for the same calls.
std::string text_of(const DecodedCall& call) {
  std::string text = "(";
  for (const std::string& argument : call.arguments)
    text += (text.size() > 1 ? ", " : "") + argument;
  return text + ") = " + call.result_text;
}

Call make(std::string_view name, std::array<std::uint64_t, 6> args, std::int64_t result,
          const std::vector<Piece>& pieces = {}) {
  Call call;
  call.id = {SONDE_ABI_NATIVE, call_number(SONDE_ABI_NATIVE, name).value()};
  call.args = args;
  call.result = result;
  call.pieces = pieces;
  return call;
}

Piece piece(std::uint8_t argument, std::string_view bytes, std::uint8_t flags = 0) {
  return {0x1000, argument, SONDE_PIECE_ITSELF, flags,
          std::as_bytes(std::span(bytes.data(), bytes.size()))};
}

constexpr std::uint64_t kCwd = static_cast<std::uint64_t>(-100);

}  // namespace

BOOST_AUTO_TEST_CASE(paths_and_flags) {
  const std::vector<Piece> path = {piece(1, std::string_view("/etc/passwd", 12))};
  BOOST_TEST(text_of(decode(make("openat", {kCwd, 0x1000, 02000000, 0}, 3, path))) ==
             "(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3");
  BOOST_TEST(text_of(decode(make("openat", {kCwd, 0x1000, 01102, 0644}, 4, path))) ==
             "(AT_FDCWD, \"/etc/passwd\", O_RDWR|O_CREAT|O_TRUNC, 0644) = 4");
}

BOOST_AUTO_TEST_CASE(errors_have_names_and_texts) {
  const auto missing = decode(make("close", {999}, -9));
  BOOST_TEST(text_of(missing) == "(999) = -1 EBADF (Bad file descriptor)");
  BOOST_TEST(missing.error == "EBADF");
  BOOST_TEST(missing.result.value() == -1);
  BOOST_TEST(text_of(decode(make("pause", {}, -514))) ==
             "() = ? ERESTARTNOHAND (To be restarted if no handler)");
}

BOOST_AUTO_TEST_CASE(memory_maps) {
  BOOST_TEST(text_of(decode(make("mmap", {0, 8192, 3, 0x22, UINT64_MAX, 0}, 0x7f0000001000))) ==
             "(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = "
             "0x7f0000001000");
}

// Contents as C strings: an octal escape is no longer than the next character allows.
BOOST_AUTO_TEST_CASE(buffers) {
  const std::vector<Piece> data = {
      piece(1, std::string_view("a\"\n\0001\x7f", 6), SONDE_PIECE_CUT)};
  BOOST_TEST(text_of(decode(make("write", {1, 0x1000, 600}, 600, data))) ==
             "(1, \"a\\\"\\n\\0001\\177\"..., 600) = 600");
}

// An array that was read in part says so; what found no room in the record is an address.
BOOST_AUTO_TEST_CASE(cut_arrays) {
  std::vector<Piece> strings = {piece(1, std::string_view("ls", 3)), piece(1, {})};
  strings[0].index = 0;
  strings[1].index = 1;
  strings[1].flags = SONDE_PIECE_NO_ROOM;
  BOOST_TEST(decode(make("execve", {0, 0x1000, 0}, -2, strings)).arguments[1] ==
             "[\"ls\", 0x1000]");
  strings[1].flags = SONDE_PIECE_MORE;
  BOOST_TEST(decode(make("execve", {0, 0x1000, 0}, -2, strings)).arguments[1] == "[\"ls\", ...]");
}

// A string that could not be read at the begin and could at the end is shown once.
BOOST_AUTO_TEST_CASE(arrays_read_twice) {
  std::vector<Piece> strings = {piece(1, {}, SONDE_PIECE_UNREADABLE), piece(1, "a\0"),
                                piece(1, "a\0"), piece(1, "b\0")};
  strings[0].index = strings[2].index = 0;
  strings[1].index = strings[3].index = 1;
  strings[2].at_end = strings[3].at_end = true;
  BOOST_TEST(decode(make("execve", {0, 0x1000, 0}, -2, strings)).arguments[1] == "[\"a\", \"a\"]");
}

// What depends on other arguments, as strace 6.1 shows it.
BOOST_AUTO_TEST_CASE(arguments_by_others) {
  BOOST_TEST(text_of(decode(make("fcntl", {0, 1, 0x7f00}, 1))) ==
             "(0, F_GETFD) = 0x1 (flags FD_CLOEXEC)");
  BOOST_TEST(text_of(decode(make("fcntl", {0, 3, 0x7f00}, 0100000))) ==
             "(0, F_GETFL) = 0x8000 (flags O_RDONLY|O_LARGEFILE)");
  BOOST_TEST(text_of(decode(make("futex", {0x10, 0x81, 1, 7, 8, 9}, 0))) ==
             "(0x10, FUTEX_WAKE_PRIVATE, 1) = 0");
  BOOST_TEST(text_of(decode(make("socket", {2, 02000001, 6}, 3))) ==
             "(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3");
  BOOST_TEST(text_of(decode(make("clone", {0x1200011, 0, 0, 0x7f00, 0}, 4))) ==
             "(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
             "child_tidptr=0x7f00) = 4");
}

// A path that could not be read is shown as its address: never blank.
BOOST_AUTO_TEST_CASE(unreadable_paths) {
  const std::vector<Piece> bad = {piece(0, {}, SONDE_PIECE_UNREADABLE)};
  BOOST_TEST(text_of(decode(make("unlink", {0x10}, -14, bad))) ==
             "(0x10) = -1 EFAULT (Bad address)");
  BOOST_TEST(text_of(decode(make("unlink", {0}, -14))) == "(NULL) = -1 EFAULT (Bad address)");
  // Read at the end, after the kernel had brought the page in.
  const std::vector<Piece> later = {piece(0, {}, SONDE_PIECE_UNREADABLE),
                                    piece(0, std::string_view("/x", 3))};
  BOOST_TEST(text_of(decode(make("unlink", {0x10}, 0, later))) == "(\"/x\") = 0");
}

BOOST_AUTO_TEST_CASE(calls_that_do_not_return) {
  Call exit = make("exit_group", {3}, 0);
  exit.returned = false;
  const auto decoded = decode(exit);
  BOOST_TEST(text_of(decoded) == "(3) = ?");
  BOOST_TEST(!decoded.result.has_value());
}

// A call without a signature shows all six registers; one whose begin was not seen, none.
BOOST_AUTO_TEST_CASE(unknown_calls) {
  Call call;
  call.id = {SONDE_ABI_NATIVE, 500};
  call.args = {1, 2, 3, 4, 5, 0xff};
  BOOST_TEST(text_of(decode(call)) == "(0x1, 0x2, 0x3, 0x4, 0x5, 0xff) = 0");
  call.begun = false;
  BOOST_TEST(text_of(decode(call)) == "(?) = 0");
}

// Pieces that claim more bytes than there are end the list.
BOOST_AUTO_TEST_CASE(hostile_pieces) {
  sonde_call_piece head{};
  head.length = 5;
  std::vector<std::byte> bytes(sizeof(head) + 8);
  std::memcpy(bytes.data(), &head, sizeof(head));
  std::vector<Piece> pieces;
  BOOST_TEST(parse_pieces(bytes, pieces));
  BOOST_TEST_REQUIRE(pieces.size() == 1u);
  BOOST_TEST(pieces[0].bytes.size() == 5u);
  for (const std::size_t cut : {bytes.size() - 1, sizeof(head), sizeof(head) - 1, std::size_t{1}}) {
    pieces.clear();
    BOOST_TEST(!parse_pieces(std::span(bytes).first(cut), pieces), cut);
    BOOST_TEST(pieces.empty());
  }
  // Whatever a struct's bytes are, decoding reads no further than they go.
  for (std::size_t size = 0; size < 150; ++size) {
    const std::string junk(size, '\xff');
    const std::vector<Piece> some = {piece(1, junk)};
    for (const char* name :
         {"fstat", "connect", "read", "write", "writev", "readv", "sendmsg", "recvmsg", "sendmmsg",
          "select", "epoll_ctl", "rt_sigprocmask", "rt_sigaction", "setitimer", "sigaltstack"})
      BOOST_TEST(!decode(make(name, {1, 0x1000, 16}, 1, some)).arguments.empty());
    // The same bytes as the struct of a message, its name, vector, control, and a part.
    std::vector<Piece> parts;
    for (const int index : {SONDE_PIECE_ITSELF, SONDE_PIECE_VECTOR, 0, 1, SONDE_PIECE_NAME,
                            SONDE_PIECE_CONTROL, SONDE_PIECE_ITSELF}) {
      parts.push_back(piece(1, junk));
      parts.back().index = static_cast<std::uint8_t>(index);
    }
    for (const char* name : {"writev", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg"})
      BOOST_TEST(!decode(make(name, {1, 0x1000, 16}, 3, parts)).arguments.empty());
  }
}
