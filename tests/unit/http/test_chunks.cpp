#include <boost/test/unit_test.hpp>

#include "http/chunks.hpp"

using sonde::http::size_of_chunks;

// A body ends behind its trailer, whatever follows it.
BOOST_AUTO_TEST_CASE(whole_bodies) {
  BOOST_TEST(size_of_chunks("0\r\n\r\n").value() == 5u);
  BOOST_TEST(size_of_chunks("0\n\n").value() == 3u);
  BOOST_TEST(size_of_chunks("5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n").value() == 15u);
  BOOST_TEST(size_of_chunks("A;name=value\r\n0123456789\r\n0\r\nExpires: 0\r\n\r\n").value() ==
             43u);
}

// A chunk may hold what looks like the end.
BOOST_AUTO_TEST_CASE(end_inside_a_chunk) {
  BOOST_TEST(size_of_chunks("7\r\n0\r\n\r\n!!\r\n0\r\n\r\n").value() == 17u);
}

// What goes on behind the bytes has no known size.
BOOST_AUTO_TEST_CASE(unfinished_bodies) {
  for (const char* body : {"", "5", "5\r\n", "5\r\nhel", "5\r\nhello", "5\r\nhello\r",
                           "5\r\nhello\r\n", "0\r\n", "0\r\nTrailer: x\r\n"})
    BOOST_TEST(!size_of_chunks(body).has_value(), body);
}

// Bytes that are no chunks, and sizes that no body has.
BOOST_AUTO_TEST_CASE(malformed_bodies) {
  for (const char* body :
       {"\r\n\r\n", "x\r\n\r\n", "-1\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n",
        "ffffffffffffffffffffffff\r\n0\r\n\r\n", "ffffffffffffffff\r\n0\r\n\r\n"})
    BOOST_TEST(!size_of_chunks(body).has_value(), body);
}
