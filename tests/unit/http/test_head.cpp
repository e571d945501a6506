#include <boost/test/unit_test.hpp>
#include <ostream>
#include <string>

#include "http/head.hpp"

using namespace sonde::http;

namespace sonde::http {
std::ostream& operator<<(std::ostream& out, HeadState state) {
  return out << static_cast<int>(state);
}
std::ostream& operator<<(std::ostream& out, Framing framing) {
  return out << static_cast<int>(framing);
}
}  // namespace sonde::http

namespace {

Head parse(std::string_view bytes) {
  const ParsedHead parsed = parse_head(bytes, true);
  BOOST_REQUIRE_EQUAL(parsed.state, HeadState::complete);
  return parsed.head;
}

HeadState state_of(std::string_view bytes, bool more = true) {
  return parse_head(bytes, more).state;
}

Framing framing_of(std::string_view fields, bool request = false) {
  return parse((request ? "POST / HTTP/1.1\r\n" : "HTTP/1.1 200 OK\r\n") + std::string(fields) +
               "\r\n")
      .framing;
}

}  // namespace

// The head ends with its empty line, whatever follows.
BOOST_AUTO_TEST_CASE(requests) {
  const std::string head =
      "GET /index.html?q=1 HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n";
  const std::string bytes = head + "body";
  const Head parsed = parse(bytes);
  BOOST_TEST(parsed.request);
  BOOST_TEST(parsed.method == "GET");
  BOOST_TEST(parsed.target == "/index.html?q=1");
  BOOST_TEST(parsed.host == "example.org");
  BOOST_TEST(parsed.size == head.size());
  BOOST_TEST(parsed.framing == Framing::none);
  BOOST_TEST(!parsed.cut);
  BOOST_TEST(parse("\r\nM-SEARCH * HTTP/1.0\n\n").method == "M-SEARCH");
}

// The reason phrase is optional, its blank too.
BOOST_AUTO_TEST_CASE(responses) {
  BOOST_TEST(parse("HTTP/1.1 404 Not Found\r\n\r\n").status == 404);
  BOOST_TEST(!parse("HTTP/1.1 404 Not Found\r\n\r\n").request);
  BOOST_TEST(parse("HTTP/1.0 200\r\n\r\n").status == 200);
  BOOST_TEST(parse("HTTP/1.1 999 \n\n").status == 999);
}

// Every beginning of a head may still become one; with its last byte it is one.
BOOST_AUTO_TEST_CASE(beginnings) {
  for (const std::string whole : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                  "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "HEAD /h HTTP/1.0\r\n\r\n"}) {
    for (std::size_t size = 0; size < whole.size(); ++size)
      BOOST_TEST(state_of(whole.substr(0, size)) == HeadState::incomplete, whole.substr(0, size));
    BOOST_TEST(state_of(whole) == HeadState::complete);
  }
}

// What other protocols begin with.
BOOST_AUTO_TEST_CASE(other_protocols) {
  for (const std::string bytes :
       {"GET key\r\n", "OPTIONS sip:a@b SIP/2.0\r\n\r\n", "HTTP/2.0 200\r\n\r\n",
        "HTTP/1.1 20x\r\n\r\n", "HTTP/1.1-200\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1 20\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01",
        "GET / HTTP/1.12\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "*1\r\n$4\r\nPING\r\n",
        "EHLO example.org\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"})
    BOOST_TEST(state_of(bytes) == HeadState::not_http, bytes);
  BOOST_TEST(state_of(std::string(33, 'A')) == HeadState::not_http);
}

// Where nothing more will be seen, the first line must do; it may end within the target.
BOOST_AUTO_TEST_CASE(cut_heads) {
  const ParsedHead request = parse_head("GET /very/long", false);
  BOOST_TEST(request.state == HeadState::complete);
  BOOST_TEST(request.head.target == "/very/long");
  BOOST_TEST(request.head.cut);
  BOOST_TEST(request.head.framing == Framing::unusable);
  const ParsedHead response = parse_head("HTTP/1.1 200 OK\r\nContent-Len", false);
  BOOST_TEST(response.head.status == 200);
  BOOST_TEST(response.head.framing == Framing::unusable);
  BOOST_TEST(state_of("GET ", false) == HeadState::not_http);
  BOOST_TEST(state_of("HTTP/1.1 20", false) == HeadState::not_http);
  BOOST_TEST(state_of("", false) == HeadState::not_http);
}

// RFC 9112, 6.3.
BOOST_AUTO_TEST_CASE(framings) {
  BOOST_TEST(framing_of("") == Framing::none);
  BOOST_TEST(parse("HTTP/1.1 200 OK\r\ncontent-LENGTH:\t 42 \r\n\r\n").body_bytes == 42u);
  BOOST_TEST(framing_of("Content-Length: 5, 5\r\nContent-Length: 5\r\n") == Framing::length);
  BOOST_TEST(framing_of("Content-Length: 5\r\nContent-Length: 6\r\n") == Framing::unusable);
  BOOST_TEST(framing_of("Content-Length: -1\r\n") == Framing::unusable);
  BOOST_TEST(framing_of("Content-Length: +1\r\n") == Framing::unusable);
  BOOST_TEST(framing_of("Content-Length:\r\n") == Framing::unusable);
  BOOST_TEST(framing_of("Content-Length: 99999999999999999999999\r\n") == Framing::unusable);
  BOOST_TEST(framing_of("Transfer-Encoding: gzip, Chunked\r\n") == Framing::chunked);
  BOOST_TEST(framing_of("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == Framing::chunked);
  BOOST_TEST(framing_of("Transfer-Encoding: gzip\r\n") == Framing::none);
  BOOST_TEST(framing_of("Transfer-Encoding: gzip\r\n", true) == Framing::unusable);
  BOOST_TEST(framing_of("X-Content-Length: 7\r\nno colon\r\n") == Framing::none);
}

// Enough of the preface to tell it from a request.
BOOST_AUTO_TEST_CASE(http2_preface) {
  BOOST_TEST(is_http2_preface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12"));
  BOOST_TEST(is_http2_preface("PRI * HTTP/2.0"));
  BOOST_TEST(!is_http2_preface("PRI "));
  BOOST_TEST(!is_http2_preface("PRI * HTTP/1.1\r\n\r\n"));
}

// Queries hold secrets; they are shown only where asked for.
BOOST_AUTO_TEST_CASE(paths) {
  BOOST_TEST(shown_path("/a/b?token=secret#part", false) == "/a/b");
  BOOST_TEST(shown_path("/a/b?token=secret#part", true) == "/a/b?token=secret");
  BOOST_TEST(shown_path("/a?next=http://x/y", false) == "/a");
  BOOST_TEST(shown_path("http://user@host:80/path?q", false) == "/path");
  BOOST_TEST(shown_path("http://host", false) == "/");
  BOOST_TEST(shown_path("http://host?q=/x", false) == "/");
  BOOST_TEST(shown_path("host:443", false) == "host:443");
  BOOST_TEST(shown_path("*", false) == "*");
}
