#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "file_event.h"
#include "syscalls/file_text.hpp"

using namespace std::string_literals;

namespace {

sonde_file_record file(std::uint8_t kind, std::uint64_t inode = 0) {
  sonde_file_record record{};
  record.kind = kind;
  record.inode = inode;
  return record;
}

std::string text_of(sonde_file_record record, const std::string& texts = {}) {
  std::string bytes(sizeof(record) + texts.size(), '\0');
  record.header = {SONDE_RECORD_FILE, SONDE_WIRE_VERSION, static_cast<std::uint32_t>(bytes.size()),
                   0};
  std::memcpy(bytes.data(), &record, sizeof(record));
  texts.copy(bytes.data() + sizeof(record), texts.size());
  return sonde::syscalls::file_text(std::as_bytes(std::span(bytes))).value_or("malformed");
}

}  // namespace

// Components come from the last one on; what fills the record up is none.
BOOST_AUTO_TEST_CASE(paths) {
  auto record = file(SONDE_FILE_PATH);
  BOOST_TEST(text_of(record, "passwd\0etc\0\0\0\0"s) == "</etc/passwd>");
  BOOST_TEST(text_of(record, "\0\0\0\0\0\0\0\0"s) == "</>");
  record.flags = SONDE_FILE_CUT;
  BOOST_TEST(text_of(record, "b\0a\0"s) == "<.../a/b>");
  record.flags = SONDE_FILE_DELETED;
  BOOST_TEST(text_of(record, "a\0tmp\0"s) == "</tmp/a>(deleted)");
}

// A name cannot end the brackets that it stands in, or write to a terminal.
BOOST_AUTO_TEST_CASE(hostile_names) {
  const std::string text = text_of(file(SONDE_FILE_PATH), "a>b<c\x1b[31m\0"s);
  BOOST_TEST(text == "</a\\76b\\74c\\33[31m>");
}

// Pipes and other files without a folder.
BOOST_AUTO_TEST_CASE(pseudo_files) {
  BOOST_TEST(text_of(file(SONDE_FILE_PIPE, 77)) == "<pipe:[77]>");
  BOOST_TEST(text_of(file(SONDE_FILE_ANON), "[eventpoll]\0"s) == "<anon_inode:[eventpoll]>");
}

// Sockets tell both ends as far as they have them.
BOOST_AUTO_TEST_CASE(sockets) {
  auto record = file(SONDE_FILE_SOCKET, 9);
  record.socket.family = AF_INET;
  BOOST_TEST(text_of(record, "TCP\0"s) == "<TCP:[9]>");
  record.socket.local_port = 80;
  ::inet_pton(AF_INET, "127.0.0.1", record.socket.local);
  BOOST_TEST(text_of(record, "TCP\0"s) == "<TCP:[127.0.0.1:80]>");
  record.socket.remote_port = 4242;
  ::inet_pton(AF_INET, "10.1.2.3", record.socket.remote);
  BOOST_TEST(text_of(record, "TCP\0"s) == "<TCP:[127.0.0.1:80->10.1.2.3:4242]>");
  record.socket.family = AF_INET6;
  ::inet_pton(AF_INET6, "::1", record.socket.local);
  ::inet_pton(AF_INET6, "fe80::2", record.socket.remote);
  BOOST_TEST(text_of(record, "TCPv6\0"s) == "<TCPv6:[[::1]:80->[fe80::2]:4242]>");
}

// A record without a text that it must have is malformed.
BOOST_AUTO_TEST_CASE(truncated) {
  BOOST_TEST(text_of(file(SONDE_FILE_ANON), "[eventpoll]") == "malformed");
  BOOST_TEST(text_of(file(SONDE_FILE_SOCKET)) == "malformed");
  BOOST_TEST(text_of(file(200), "x\0"s) == "malformed");
}
