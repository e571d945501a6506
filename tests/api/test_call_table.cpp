#include <boost/test/unit_test.hpp>
#include <chrono>
#include <sonde/syscall_tracer.hpp>

using namespace sonde;
using namespace std::chrono_literals;

namespace {

Value cell(const Table& table, std::size_t row, std::string_view key) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].key == key) return table.rows.at(row).at(i);
  }
  BOOST_FAIL("no column " << key);
  return {};
}

}  // namespace

// Each member of an event is in the column that the JSON Schema names, in order; what did not
// happen is absent, not 0.
BOOST_AUTO_TEST_CASE(events_become_rows) {
  EbpfEvent done;
  done.time = std::chrono::system_clock::time_point(1'714'979'289'123'456'789ns);
  done.pid = 100;
  done.tid = 101;
  done.comm = "ls";
  Syscall& call = done.data.emplace<Syscall>();
  call.name = "openat";
  call.nr = 257;
  call.arguments = {"AT_FDCWD", "\"x\""};
  call.result = -1;
  call.result_text = "-1 ENOENT (No such file or directory)";
  call.error = "ENOENT";
  call.duration = 1'234ns;
  EbpfEvent empty;
  empty.data = Syscall{};
  const Table table = call_table({done, empty, EbpfEvent{}});
  BOOST_TEST(table.type == "call");
  BOOST_REQUIRE_EQUAL(table.rows.size(), 2u);
  for (const auto& row : table.rows)
    BOOST_REQUIRE_EQUAL(row.size(), table.columns.size());
  BOOST_TEST((cell(table, 0, "time_ns") == Value(std::int64_t{1'714'979'289'123'456'789})));
  BOOST_TEST((cell(table, 0, "pid") == Value(std::int64_t{100})));
  BOOST_TEST((cell(table, 0, "tid") == Value(std::int64_t{101})));
  BOOST_TEST((cell(table, 0, "comm") == Value(done.comm)));
  BOOST_TEST((cell(table, 0, "name") == Value(call.name)));
  BOOST_TEST((cell(table, 0, "nr") == Value(std::uint64_t{257})));
  BOOST_TEST((cell(table, 0, "args") == Value(call.arguments)));
  BOOST_TEST((cell(table, 0, "result") == Value(std::int64_t{-1})));
  BOOST_TEST((cell(table, 0, "result_text") == Value(call.result_text)));
  BOOST_TEST((cell(table, 0, "error") == Value(call.error)));
  BOOST_TEST((cell(table, 0, "duration_ns") == Value(std::int64_t{1'234})));
  for (const char* key : {"result", "error", "duration_ns"})
    BOOST_TEST((cell(table, 1, key) == Value()), key);
}
