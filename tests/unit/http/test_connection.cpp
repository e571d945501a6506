#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "http/connection.hpp"

using namespace sonde::http;

namespace {

constexpr auto kSent = Direction::sent;
constexpr auto kReceived = Direction::received;

/// A connection, and what of it a tracer would capture.
class Stream {
 public:
  explicit Stream(bool with_query = false) : connection(with_query) {}

  /// One write or read, of which the first `captured` bytes are seen.
  void move(Direction direction, std::string_view bytes, std::size_t captured = std::string::npos) {
    std::uint64_t& position = positions_[static_cast<std::size_t>(direction)];
    connection.add({direction, position, bytes.size(), bytes.substr(0, captured), time_ns += 10},
                   done, counts);
    position += bytes.size();
  }
  /// One that is not looked at.
  void skip(Direction direction, std::uint64_t length) {
    positions_[static_cast<std::size_t>(direction)] += length;
    time_ns += 10;
  }
  void close() { connection.close(time_ns += 10, done, counts); }
  std::uint64_t missed() const {
    return counts.no_request + counts.not_captured + counts.unusable + counts.upgraded +
           counts.http2;
  }

  Connection connection;
  std::vector<Exchange> done;
  Counts counts;
  std::uint64_t time_ns = 0;

 private:
  std::uint64_t positions_[2] = {};
};

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace

// One exchange after another, as a server sees them.
BOOST_AUTO_TEST_CASE(keep_alive) {
  Stream s;
  for (const std::string path : {"/a", "/b", "/c"}) {
    s.move(kReceived, get(path));
    s.move(kSent, ok("hello"));
  }
  BOOST_REQUIRE(s.done.size() == 3u);
  BOOST_TEST(s.done[1].request.path == "/b");
  BOOST_TEST(s.done[1].request.host == "h");
  BOOST_TEST(!s.done[1].client);
  BOOST_TEST(s.done[1].status == 200);
  BOOST_TEST(s.done[1].body_bytes.value() == 5u);
  BOOST_TEST(s.done[1].request.body_bytes.value() == 0u);
  BOOST_TEST(s.done[1].end_ns - s.done[1].request.time_ns == 10u);
  BOOST_TEST(s.missed() == 0u);
}

// The same from the client's side.
BOOST_AUTO_TEST_CASE(client) {
  Stream s;
  s.move(kSent, get("/a"));
  BOOST_TEST(s.connection.open().size() == 1u);
  BOOST_TEST(s.connection.client().value());
  s.move(kReceived, ok(""));
  BOOST_TEST(s.done.at(0).client);
  BOOST_TEST(s.connection.open().empty());
}

// A body is not searched for heads, be it sent with its head or apart from it.
BOOST_AUTO_TEST_CASE(bodies_that_look_like_heads) {
  Stream s;
  s.move(kReceived, "POST /up HTTP/1.1\r\nContent-Length: 66\r\n\r\n" + get("/not"));
  s.move(kReceived, get("/not"));
  s.move(kReceived, get("/not").substr(0, 66 - 2 * get("/not").size()));
  s.move(kSent, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
  s.move(kSent, ok("x") + "1");
  s.move(kReceived, get("/next"));
  s.move(kSent, ok(""));
  BOOST_REQUIRE(s.done.size() == 2u);
  BOOST_TEST(s.done[0].request.method == "POST");
  BOOST_TEST(s.done[0].request.body_bytes.value() == 66u);
  BOOST_TEST(s.done[1].request.path == "/next");
  BOOST_TEST(s.missed() == 0u);
}

// A tracer need not show the parts of a body, and only the start of what holds a head.
BOOST_AUTO_TEST_CASE(bodies_that_are_not_captured) {
  Stream s;
  s.move(kSent, get("/big"));
  const std::string response = ok(std::string(5000, 'x'));
  s.move(kReceived, response.substr(0, 1000), 100);
  s.skip(kReceived, response.size() - 1000);
  s.move(kSent, get("/next"));
  s.move(kReceived, ok(""));
  BOOST_TEST(s.done.size() == 2u);
  BOOST_TEST(s.missed() == 0u);
}

// Several requests in one write; their responses in one, and in the middle of others.
BOOST_AUTO_TEST_CASE(pipelining) {
  Stream s;
  s.move(kSent, get("/1") + get("/2") + get("/3").substr(0, 10));
  s.move(kSent, get("/3").substr(10));
  s.move(kReceived, ok("one") + ok("two").substr(0, 7));
  s.move(kReceived, ok("two").substr(7) + ok("three"));
  BOOST_REQUIRE(s.done.size() == 3u);
  BOOST_TEST(s.done[0].request.path == "/1");
  BOOST_TEST(s.done[1].request.path == "/2");
  BOOST_TEST(s.done[2].request.path == "/3");
  BOOST_TEST(s.done[2].body_bytes.value() == 5u);
  BOOST_TEST(s.missed() == 0u);
}

// A head that comes byte by byte is one head; its time is that of the first byte.
BOOST_AUTO_TEST_CASE(single_bytes) {
  Stream s;
  const std::string request = get("/slow");
  for (const char& c : request)
    s.move(kReceived, {&c, 1});
  const std::string response = ok("");
  for (const char& c : response)
    s.move(kSent, {&c, 1});
  BOOST_REQUIRE(s.done.size() == 1u);
  BOOST_TEST(s.done[0].request.path == "/slow");
  BOOST_TEST(s.done[0].end_ns - s.done[0].request.time_ns == 10 * request.size());
}

// Interim responses are not the response.
BOOST_AUTO_TEST_CASE(interim_responses) {
  Stream s;
  s.move(kSent, "PUT /f HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  s.move(kReceived, "HTTP/1.1 100 Continue\r\n\r\n");
  s.move(kSent, "abc");
  s.move(kReceived, "HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n" + ok(""));
  BOOST_REQUIRE(s.done.size() == 1u);
  BOOST_TEST(s.done[0].status == 200);
  BOOST_TEST(s.missed() == 0u);
}

// These have no body, whatever their fields say.
BOOST_AUTO_TEST_CASE(responses_without_body) {
  Stream s;
  const std::string lying = "\r\nContent-Length: 1000\r\n\r\n";
  s.move(kSent, "HEAD /a HTTP/1.1\r\n\r\n" + get("/b") + get("/c") + get("/d"));
  s.move(kReceived, "HTTP/1.1 200 OK" + lying + "HTTP/1.1 304 Not Modified" + lying +
                        "HTTP/1.1 204 No Content" + lying + ok(""));
  BOOST_REQUIRE(s.done.size() == 4u);
  BOOST_TEST(s.done[0].body_bytes.value() == 0u);
  BOOST_TEST(s.done[3].request.path == "/d");
}

// Chunked bodies: within what was captured their end is found, else the next head is looked for.
BOOST_AUTO_TEST_CASE(chunked) {
  Stream s;
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  s.move(kSent, get("/1") + get("/2"));
  s.move(kReceived, head + "5\r\nhello\r\n0\r\n\r\n" + head);
  s.move(kReceived, "5\r\nhello\r\n");
  s.move(kReceived, "0\r\n\r\n");
  s.move(kSent, get("/3"));
  s.move(kReceived, ok(""));
  BOOST_REQUIRE(s.done.size() == 3u);
  BOOST_TEST(!s.done[0].body_bytes.has_value());
  BOOST_TEST(s.done[2].request.path == "/3");
  BOOST_TEST(s.missed() == 0u);
}

// Requests without a response are told when the connection ends.
BOOST_AUTO_TEST_CASE(no_response) {
  Stream s;
  s.move(kReceived, get("/1") + get("/2"));
  s.move(kSent, ok(""));
  s.close();
  BOOST_REQUIRE(s.done.size() == 2u);
  BOOST_TEST(s.done[1].request.path == "/2");
  BOOST_TEST(s.done[1].status == 0);
  BOOST_TEST(!s.done[1].body_bytes.has_value());
}

// A connection from before the trace: its first response has no request, and is not the next one's.
BOOST_AUTO_TEST_CASE(joined_midway) {
  Stream s;
  s.move(kReceived, "the rest of some body");
  s.move(kReceived, ok("x"));
  s.move(kSent, get("/next"));
  s.move(kReceived, ok(""));
  BOOST_REQUIRE(s.done.size() == 1u);
  BOOST_TEST(s.done[0].request.path == "/next");
  BOOST_TEST(s.counts.no_request == 1u);
}

// Lost records: what is between is counted, and the next head starts afresh.
BOOST_AUTO_TEST_CASE(gaps) {
  Stream s;
  s.move(kReceived, get("/1"));
  s.move(kSent, ok(""));
  s.skip(kReceived, 40);
  s.move(kReceived, get("/3"));
  BOOST_TEST(s.counts.not_captured == 1u);
  s.move(kSent, ok(""));
  BOOST_REQUIRE(s.done.size() == 2u);
  BOOST_TEST(s.done[1].request.path == "/3");
  s.move(kReceived, get("/4").substr(0, 10));
  s.skip(kReceived, 40);
  s.move(kReceived, get("/5"));
  BOOST_TEST(s.counts.not_captured == 2u);
  BOOST_TEST(s.connection.open().size() == 1u);
}

// A head behind the captured bytes is counted.
BOOST_AUTO_TEST_CASE(heads_behind_what_was_captured) {
  Stream s;
  s.move(kSent, get("/1") + get("/2"));
  s.move(kReceived, ok("0123456789") + ok(""), ok("").size() + 2);
  BOOST_TEST(s.done.size() == 1u);
  BOOST_TEST(s.counts.not_captured == 1u);
}

// A thread may read a response before the thread that sent its request has come back.
BOOST_AUTO_TEST_CASE(overtaken_requests) {
  Stream s;
  s.move(kSent, get("/1"));
  s.move(kReceived, ok(""));
  s.move(kReceived, ok(""));
  s.move(kSent, get("/2"));
  s.move(kSent, get("/3"));
  s.move(kReceived, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  BOOST_REQUIRE(s.done.size() == 3u);
  BOOST_TEST(s.done[1].request.path == "/2");
  BOOST_TEST(s.done[1].end_ns == s.done[1].request.time_ns);
  BOOST_TEST(s.done[2].status == 404);
  BOOST_TEST(s.missed() == 0u);
}

// Where the connection goes over to another protocol, its bytes are no HTTP any more.
BOOST_AUTO_TEST_CASE(upgrades) {
  for (const std::string start :
       {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    Stream s;
    s.move(kSent,
           start.find("101") != std::string::npos ? get("/ws") : "CONNECT h:443 HTTP/1.1\r\n\r\n");
    s.move(kReceived, start);
    s.move(kSent, get("/inner"));
    s.move(kReceived, ok(""));
    BOOST_TEST(s.done.size() == 1u);
    BOOST_TEST(s.connection.open().empty());
    BOOST_TEST(s.counts.upgraded == 1u);
  }
}

// HTTP/2 is counted once a connection.
BOOST_AUTO_TEST_CASE(http2) {
  Stream s;
  s.move(kSent, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  s.move(kSent, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  BOOST_TEST(s.counts.http2 == 1u);
  BOOST_TEST(s.missed() == 1u);
}

// After a head whose body cannot be told the next head is looked for.
BOOST_AUTO_TEST_CASE(unusable_framing) {
  Stream s;
  s.move(kReceived, "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
  s.move(kSent, "HTTP/1.1 400 Bad Request\r\n\r\n");
  s.move(kReceived, get("/next"));
  s.move(kSent, ok(""));
  BOOST_TEST(s.done.size() == 2u);
  BOOST_TEST(!s.done[0].request.body_bytes.has_value());
}

// Bytes where a head should be and is none.
BOOST_AUTO_TEST_CASE(not_a_head) {
  Stream s;
  s.move(kReceived, get("/1") + "\x01\x02\x03");
  BOOST_TEST(s.counts.unusable == 1u);
  BOOST_TEST(s.connection.open().size() == 1u);
}

// Queries are shown if asked for; a long path is cut, and says so.
BOOST_AUTO_TEST_CASE(shown_paths) {
  Stream without;
  without.move(kReceived, get("/a?secret"));
  BOOST_TEST(without.connection.open().front().path == "/a");
  BOOST_TEST(!without.connection.open().front().cut);
  Stream with(true);
  with.move(kReceived, get("/a?asked"));
  BOOST_TEST(with.connection.open().front().path == "/a?asked");
  Stream longer;
  longer.move(kReceived, get("/" + std::string(Connection::kLongestPath, 'a')));
  BOOST_TEST(longer.connection.open().front().path.size() == Connection::kLongestPath);
  BOOST_TEST(longer.connection.open().front().cut);
}

// A head without end, and requests without responses, take bounded memory.
BOOST_AUTO_TEST_CASE(bounds) {
  Stream s;
  s.move(kReceived, "GET / HTTP/1.1\r\nCookie: ");
  for (int i = 0; i < 100; ++i)
    s.move(kReceived, std::string(1000, 'x'));
  BOOST_TEST(s.connection.open().size() == 1u);
  Stream many;
  for (std::size_t i = 0; i < Connection::kMostOpen + 5; ++i)
    many.move(kReceived, get("/"));
  BOOST_TEST(many.connection.open().size() == Connection::kMostOpen);
  BOOST_TEST(many.counts.forgotten == 5u);
}
