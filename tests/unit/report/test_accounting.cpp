#include <boost/test/unit_test.hpp>

#include <sonde/accounting.hpp>

// The books balance only if every term of the sum is counted.
BOOST_AUTO_TEST_CASE(books_balance_with_every_term) {
  sonde::Accounting books;
  books.seen = 10;
  books.reported = 4;
  books.filtered = 3;
  books.lost = {{"ring_full", 1}, {"map_full", 1}};
  books.in_flight = 1;
  BOOST_TEST(books.balanced());
  BOOST_TEST(books.lost_total() == 2u);
  books.truncated["depth"] = 2;  // truncated events are reported ones: outside the sum
  BOOST_TEST(books.balanced());
  books.lost["map_full"] += 1;
  BOOST_TEST(!books.balanced());
}
